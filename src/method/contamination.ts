import { digest } from './random.ts';
import type { Question } from './rows.ts';

/** Words of one n-gram, as in GPT-3 (arXiv 2005.14165, appendix C) and in lm-eval. */
const N = 13;

/** The least share of a test question's n-grams that a near copy has. */
const SHARE = 0.25;

type Asked = Pick<Question, 'id' | 'question'>;

export interface Overlap {
  /** Id of the test question. */
  test: string;
  /** same: word for word. near: much of it, with the same numbers, or all of it within a longer text. */
  kind: 'same' | 'near';
}

interface TestQuestion {
  id: string;
  text: number;
  numbers: string;
  /** How many different n-grams it has. */
  ngrams: number;
}

/**
 * Finds the test questions that a training question gives away. Texts are compared as words, numbers and operators: case, spaces,
 * punctuation and LaTeX's braces, dollars and backslashes don't count.
 *
 * The rule for web text, that one n-gram in common is enough, would flag every template: a word problem with other numbers is another
 * problem. So a near copy has at least a quarter of the test question's n-grams and the same numbers in the same order,
 * or all of its n-grams. A question of fewer than 13 words has no n-gram, so it is only found word for word.
 */
export class TestQuestions {
  readonly #questions: TestQuestion[] = [];
  /** Indices of the questions that have a text or an n-gram, by its hash. */
  readonly #having = new Map<number, number[]>();

  get count(): number {
    return this.#questions.length;
  }

  add({ id, question }: Asked): void {
    const { text, numbers, ngrams } = read(question);
    const index = this.#questions.length;
    this.#questions.push({ id, text, numbers, ngrams: ngrams.size });
    for (const hash of [text, ...ngrams]) {
      const having = this.#having.get(hash);
      if (having) having.push(index);
      else this.#having.set(hash, [index]);
    }
  }

  /** What a training question overlaps with. */
  overlaps(question: string): Overlap[] {
    const { text, numbers, ngrams } = read(question);
    const shared = new Map<number, number>();
    for (const index of this.#having.get(text) ?? []) shared.set(index, 0);
    for (const ngram of ngrams)
      for (const index of this.#having.get(ngram) ?? []) shared.set(index, (shared.get(index) ?? 0) + 1);
    return [...shared].flatMap(([index, count]): Overlap[] => {
      const test = this.#questions[index]!;
      if (test.text === text) return [{ test: test.id, kind: 'same' }];
      const isNear = count === test.ngrams || (count >= SHARE * test.ngrams && test.numbers === numbers);
      return isNear ? [{ test: test.id, kind: 'near' }] : [];
    });
  }
}

/** What one training set has in common with the test questions. */
export class Contamination {
  readonly #tests: TestQuestions;
  readonly #found = new Map<string, { train: string; kind: Overlap['kind'] }>();

  constructor(tests: TestQuestions) {
    this.#tests = tests;
  }

  /** Takes a question that is trained on. */
  add({ id, question }: Asked): void {
    for (const { test, kind } of this.#tests.overlaps(question))
      if (this.#found.get(test)?.kind !== 'same') this.#found.set(test, { train: id, kind });
  }

  /** How many test questions are in it, word for word or nearly, and with which of its questions they overlap. */
  summary(): { same: number; near: number; pairs: { test: string; train: string }[] } {
    const found = [...this.#found].map(([test, { train, kind }]) => ({ test, train, kind }));
    const same = found.filter(({ kind }) => kind === 'same').length;
    return { same, near: found.length - same, pairs: found.map(({ test, train }) => ({ test, train })) };
  }
}

const NUMBER =
  /^(?:\d.*|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\p{L}+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|score|half|third|quarter|fourth|fifth|tenth|once|twice|thrice|doubles?|triples?|quadruples?|quintuples?)$/u;

function read(question: string): { text: number; numbers: string; ngrams: Set<number> } {
  const words: string[] =
    question
      .normalize('NFKC')
      .toLowerCase()
      .match(/\d+(?:[.,]\d+)*|\p{L}+|[-+*/=<>^!|()[\]]/gu) ?? [];
  const ngrams = new Set<number>();
  for (let end = N; end <= words.length; end++) ngrams.add(digest(words.slice(end - N, end).join(' ')));
  const numbers = words.filter((word) => NUMBER.test(word)).join(' ');
  // The mark keeps a text of 13 words apart from its n-gram.
  return { text: digest(`${words.join(' ')} .`), numbers, ngrams };
}
