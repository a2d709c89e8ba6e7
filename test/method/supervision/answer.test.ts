import { describe, expect, it } from 'vitest';
import type { Gate } from '../../../src/method/gates.ts';
import { answerUnder, critiqueUnder } from '../../../src/method/supervision/answer.ts';
import { spend, spendNothing } from '../../../src/method/supervision/spending.ts';
import fc from '../../support/properties.ts';
import { aDraw, anyScored, aReview, asRunWith } from './scored.ts';

/** Which of the texts counts, and what was made on the way: critique, refinement. */
function made(letters: string, gate: Gate, rest = {}) {
  const draw = aDraw(letters, rest);
  const answer = answerUnder(draw, { reviewer: 'critic', gate });
  if (!answer) return 'unknown';
  const counts = answer.text === draw ? 'response' : 'refinement';
  return [counts, answer.critique && 'critique', answer.refinement && 'refinement'].filter(Boolean).join(', ');
}

const REFINED = 'refinement, critique, refinement';

describe('answerUnder', () => {
  it.each([
    // response, verdict, refinement; always, verdict, oracle
    ['RcR', REFINED, 'response, critique', 'response'],
    ['Rw1', REFINED, REFINED, 'response'],
    ['Ru1', REFINED, 'response, critique', 'response'],
    ['1cR', REFINED, 'response, critique', REFINED],
    ['1wR', REFINED, REFINED, REFINED],
    ['-uR', REFINED, 'response, critique', REFINED],
    ['?w1', REFINED, REFINED, 'response'],
    ['?c1', REFINED, 'response, critique', 'response'],
  ])('of %s is the %s by always, the %s by verdict, the %s by oracle', (letters, always, verdict, oracle) => {
    expect([made(letters, 'always'), made(letters, 'verdict'), made(letters, 'oracle')]).toEqual([
      always,
      verdict,
      oracle,
    ]);
  });

  it('is unknown where the gate needs what the run did not come to', () => {
    const of = (letters: string) => [made(letters, 'always'), made(letters, 'verdict'), made(letters, 'oracle')];
    expect(of('1')).toEqual(['unknown', 'unknown', 'unknown']);
    expect(of('R')).toEqual(['unknown', 'unknown', 'response']);
    expect(of('?')).toEqual(['unknown', 'unknown', 'response']);
    expect(of('1w')).toEqual(['unknown', 'unknown', 'unknown']);
    expect(of('1c')).toEqual(['unknown', 'response, critique', 'unknown']);
    expect(of('Rw')).toEqual(['unknown', 'unknown', 'response']);
  });

  it('stands without a text to critique or a critique to refine with', () => {
    for (const gate of ['always', 'verdict', 'oracle'] as const) {
      expect(made('-', gate, { blank: true })).toBe('response');
      expect(made('1', gate, { reviews: { critic: aReview('u', { blank: true }) } })).toBe('response, critique');
      expect(made('1', gate, { reviews: { critic: aReview('w', { blank: true }) } })).toBe('response, critique');
    }
  });

  it('takes the review of the reviewer that is asked for, and none for response only', () => {
    const draw = aDraw('1wR', { reviews: { critic: aReview('wR'), self: aReview('w2') } });
    expect(answerUnder(draw, { reviewer: 'self', gate: 'always' })?.text.class).toBe(2);
    expect(answerUnder(draw, { reviewer: 'critic', gate: 'always' })?.text.class).toBe(0);
    expect(answerUnder(draw, null)).toEqual({ text: draw, response: draw, critique: null, refinement: null });
    expect(answerUnder(aDraw('1wR'), { reviewer: 'self', gate: 'always' })).toBeNull();
  });

  it('costs what was made on the way', () => {
    const spending = spendNothing();
    spend(spending, answerUnder(aDraw('1wR'), { reviewer: 'critic', gate: 'verdict' })!);
    spend(spending, answerUnder(aDraw('1cR'), { reviewer: 'critic', gate: 'verdict' })!);
    expect(spending).toEqual({
      response: { generations: 2, promptTokens: 20, completionTokens: 10 },
      critique: { generations: 2, promptTokens: 40, completionTokens: 14 },
      refinement: { generations: 1, promptTokens: 30, completionTokens: 6 },
    });
  });

  it('is the same from a run of all gates as from a run of its gate alone', () => {
    fc.assert(
      fc.property(anyScored, fc.constantFrom<Gate>('always', 'verdict', 'oracle'), (question, gate) => {
        const alone = asRunWith(gate, question);
        for (const reviewer of ['critic', 'self'] as const)
          for (const [place, draw] of question.samples.entries()) {
            const answer = answerUnder(draw, { reviewer, gate });
            expect(answer).not.toBeNull();
            const { text, critique, refinement } = answerUnder(alone.samples[place]!, { reviewer, gate })!;
            expect(refinement).toEqual(answer!.refinement);
            expect(text.outcome).toBe(answer!.text.outcome);
            expect(critique && { ...critique, refinement }).toEqual(
              answer!.critique && { ...answer!.critique, refinement },
            );
          }
      }),
    );
  });
});

it('has the critiques that a gate pays for, whether or not their refinements are known', () => {
  const critiqueOf = (letters: string, gate: Gate) => critiqueUnder(aDraw(letters), { reviewer: 'critic', gate });
  expect(critiqueOf('1w', 'always')?.verdict).toBe('wrong');
  expect(critiqueOf('Rw', 'verdict')?.verdict).toBe('wrong');
  expect(critiqueOf('Rw', 'oracle')).toBeNull();
  expect(critiqueOf('1', 'oracle')).toBeNull();
});
