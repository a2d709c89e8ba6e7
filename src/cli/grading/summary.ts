import type { Result } from './result.ts';

/** Counts results, and where the truth is known how often they are right. */
export class Summary {
  readonly counts = { n: 0, equal: 0, different: 0, unparsed: 0, timeouts: 0, ungraded: 0, invalid: 0 };
  readonly labelled = { n: 0, right: 0, falsePositives: 0, falseNegatives: 0 };

  /** @param truth whether the answers are equal, where that is known */
  add({ equal, outcome }: Pick<Result, 'equal' | 'outcome'>, truth?: boolean): void {
    this.counts.n++;
    this.counts[NAMES[outcome]]++;
    if (truth === undefined) return;
    this.labelled.n++;
    if (equal === truth) this.labelled.right++;
    else this.labelled[equal ? 'falsePositives' : 'falseNegatives']++;
  }

  toString(): string {
    const { ungraded, invalid, ...always } = this.counts;
    const counts = { ...always, ...(ungraded > 0 && { ungraded }), ...(invalid > 0 && { invalid }) };
    const { n, right, falsePositives, falseNegatives } = this.labelled;
    const shares = { labelled: n, accuracy: (right / n).toFixed(4), falsePositives, falseNegatives };
    return [counts, ...(n > 0 ? [shares] : [])].map(words).join('\n');
  }
}

const NAMES = {
  equal: 'equal',
  different: 'different',
  'unparsed-response': 'unparsed',
  'unparsed-reference': 'unparsed',
  timeout: 'timeouts',
  ungraded: 'ungraded',
  invalid: 'invalid',
} as const;

/** `n 3, equal 2, false positives 0` */
const words = (values: object) =>
  Object.entries(values)
    .map(([name, value]) => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${value}`)
    .join(', ');
