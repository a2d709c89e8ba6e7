import type { Gate } from '../../../src/method/gates.ts';
import type { Outcome, Verdict } from '../../../src/method/rows.ts';
import type { Draw, Plan, Review, Scored, ScoredText } from '../../../src/method/supervision/scored.ts';
import fc from '../../support/properties.ts';

/** A text in a letter: right, wrong in class 1, 2 or 3, without an answer, ungraded. */
export type Letter = 'R' | '1' | '2' | '3' | '-' | '?';

const OUTCOMES: Record<Letter, Outcome> = {
  R: 'correct',
  1: 'wrong',
  2: 'wrong',
  3: 'wrong',
  '-': 'unparsed',
  '?': 'ungraded',
};
const VERDICTS: Record<string, Verdict> = { c: 'correct', w: 'wrong', u: 'unparsed' };
export const CLASSES = [true, false, false, false];

export function aText(letter: Letter, promptTokens = 10, completionTokens = 5): ScoredText & { blank: boolean } {
  const answered: Record<Letter, number | null> = { R: 0, 1: 1, 2: 2, 3: 3, '-': null, '?': null };
  return { outcome: OUTCOMES[letter], class: answered[letter], promptTokens, completionTokens, blank: false };
}

/** A review in letters: its verdict (c, w, u) and, where there is one, the refinement, as in `wR`. */
export function aReview(letters: string, rest: Partial<Review> = {}): Review {
  const [verdict, refined] = letters;
  return {
    verdict: VERDICTS[verdict!]!,
    firstWrongStep: null,
    blank: false,
    promptTokens: 20,
    completionTokens: 7,
    refinement: refined ? aText(refined as Letter, 30, 6) : null,
    ...rest,
  };
}

/** A response in letters: its own and the critic's review of it, as in `1wR`. Without more than its own it was not critiqued. */
export function aDraw(letters: string, rest: Partial<Draw> = {}): Draw {
  const review = letters.slice(1);
  const reviews = review ? { critic: aReview(review) } : {};
  return { ...aText(letters[0] as Letter), firstWrongStep: null, reviews, ...rest };
}

export function aScored(id: string, rest: Partial<Scored> = {}): Scored {
  return { id, level: null, classes: CLASSES, greedy: null, samples: [], chain: [], ...rest };
}

export function aPlan(rest: Partial<Plan> = {}): Plan {
  return { seed: 1, samples: 0, reviewed: 0, ks: [], gates: [], reviewers: [], rounds: 0, ...rest };
}

/** Runs to its end what breathes in between. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const tokens = fc.nat(50);
const text = fc
  .tuple(fc.constantFrom<Letter>('R', 'R', '1', '2', '3', '-', '?'), tokens, tokens, fc.nat(9))
  .map(([letter, prompt, completion, blank]) =>
    blank === 0 ? { ...aText('-', prompt, 0), blank: true } : aText(letter, prompt, completion),
  );
const review = fc
  .tuple(fc.constantFrom('c', 'w', 'w', 'u'), text, tokens, fc.option(fc.nat(3)), fc.nat(9))
  .map(([verdict, refinement, completionTokens, firstWrongStep, blank]) => {
    const isBlank = blank === 0;
    const made = { refinement: isBlank ? null : refinement, completionTokens, firstWrongStep, blank: isBlank };
    return aReview(isBlank ? 'u' : verdict, made);
  });
const draw = fc.tuple(text, review, review, fc.option(fc.nat(3))).map(
  ([text, critic, self, firstWrongStep]): Draw => ({
    ...text,
    firstWrongStep: text.outcome === 'wrong' ? firstWrongStep : null,
    reviews: text.blank ? {} : { critic, self },
  }),
);

/** What a finished run made of a question with the gate `always`: up to six samples, chains of up to five rounds. */
export const anyScored: fc.Arbitrary<Scored> = fc
  .tuple(draw, fc.array(draw, { minLength: 1, maxLength: 6 }), fc.array(review, { minLength: 5, maxLength: 5 }))
  .map(([greedy, samples, reviews]) => aScored('q', { greedy, samples, chain: chainOf(samples[0]!, reviews) }));

/** As long as there is something to critique and to refine with. */
function chainOf(initial: { blank: boolean }, reviews: readonly Review[]): Review[] {
  if (initial.blank) return [];
  const last = reviews.findIndex(({ blank, refinement }) => blank || refinement!.blank);
  return last < 0 ? [...reviews] : reviews.slice(0, last + 1);
}

/** What a run with this gate alone makes of it: it asks for a critique or a refinement only where the gate has it do so. */
export function asRunWith(gate: Gate, question: Scored): Scored {
  const isWrong = ({ outcome }: ScoredText) => ['wrong', 'unparsed', 'truncated'].includes(outcome);
  const pruned = (text: ScoredText, review: Review | undefined): Review | undefined => {
    if (!review || (gate === 'oracle' && !isWrong(text))) return undefined;
    return gate === 'verdict' && review.verdict !== 'wrong' ? { ...review, refinement: null } : review;
  };
  const prunedDraw = (draw: Draw): Draw => {
    const reviews: Draw['reviews'] = {};
    for (const reviewer of ['critic', 'self'] as const) {
      const kept = pruned(draw, draw.reviews[reviewer]);
      if (kept) reviews[reviewer] = kept;
    }
    return { ...draw, reviews };
  };
  const chain: Review[] = [];
  let text: ScoredText | null = question.samples[0] ?? null;
  for (const review of question.chain) {
    const kept = text ? pruned(text, review) : undefined;
    if (!kept) break;
    chain.push(kept);
    text = kept.refinement;
  }
  return {
    ...question,
    greedy: question.greedy && prunedDraw(question.greedy),
    samples: question.samples.map(prunedDraw),
    chain,
  };
}
