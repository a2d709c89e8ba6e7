import { describe, expect, it } from 'vitest';
import type { Gate } from '../../../src/method/gates.ts';
import { chainUnder } from '../../../src/method/supervision/chain.ts';
import type { Review, Scored, ScoredText } from '../../../src/method/supervision/scored.ts';
import { tokensOf } from '../../../src/method/supervision/spending.ts';
import fc from '../../support/properties.ts';
import { aDraw, anyScored, aReview, aScored, asRunWith, aText } from './scored.ts';

/** The classes that stand after each round, and how many critiques and refinements were paid so far. */
function standing(question: Scored, gate: Gate, rounds: number) {
  return chainUnder(question, gate, rounds).map(({ text, spending: { response, critique, refinement } }) => {
    expect(response.generations).toBe(1);
    return [text.class, critique.generations, refinement.generations];
  });
}

const chained = (initial: string, ...reviews: string[]) =>
  aScored('q', { samples: [aDraw(initial)], chain: reviews.map((letters) => aReview(letters)) });

describe('chainUnder', () => {
  it('goes on while the gate refines the newest text, and then lets it stand at no further cost', () => {
    const question = chained('1', 'wR', 'w2', 'cR', 'w3');
    expect(standing(question, 'always', 4)).toEqual([
      [0, 1, 1],
      [2, 2, 2],
      [0, 3, 3],
      [3, 4, 4],
    ]);
    expect(standing(question, 'verdict', 4)).toEqual([
      [0, 1, 1],
      [2, 2, 2],
      [2, 3, 2],
      [2, 3, 2],
    ]);
    expect(standing(question, 'oracle', 4)).toEqual([
      [0, 1, 1],
      [0, 1, 1],
      [0, 1, 1],
      [0, 1, 1],
    ]);
  });

  it('costs the tokens of the initial response and of all rounds', () => {
    const spent = chainUnder(chained('1', 'w2', 'w3'), 'always', 2).map(({ spending }) => tokensOf(spending));
    expect(spent).toEqual([15 + 27 + 36, 15 + 27 + 36 + 27 + 36]);
  });

  it('never begins where the initial response is right by the oracle', () => {
    expect(standing(chained('R'), 'oracle', 2)).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('ends where a text or a critique is blank', () => {
    const blank = { ...aText('-'), blank: true };
    const question = aScored('q', { samples: [aDraw('1')], chain: [aReview('w', { refinement: blank })] });
    expect(standing(question, 'always', 3)).toEqual([
      [null, 1, 1],
      [null, 1, 1],
      [null, 1, 1],
    ]);
    const silent = aScored('q', { samples: [aDraw('1')], chain: [aReview('w', { blank: true })] });
    expect(standing(silent, 'oracle', 2)).toEqual([
      [1, 1, 0],
      [1, 1, 0],
    ]);
  });

  it('has as many rounds as are known', () => {
    expect(standing(chained('1', 'w2'), 'always', 3)).toEqual([[2, 1, 1]]);
    expect(standing(chained('1', 'w2', 'w'), 'always', 3)).toEqual([[2, 1, 1]]);
    expect(standing(chained('1', 'w2', 'c'), 'verdict', 3)).toHaveLength(3);
    expect(standing(chained('1'), 'verdict', 3)).toEqual([]);
    expect(standing(aScored('q'), 'always', 3)).toEqual([]);
  });

  /** By recursion: the rest of the chain, given the newest text. */
  function naive(text: ScoredText & { blank: boolean }, reviews: Review[], gate: Gate, rounds: number): ScoredText[] {
    if (rounds === 0) return [];
    const [review, ...rest] = reviews;
    const isWrong = text.outcome !== 'correct' && text.outcome !== 'ungraded';
    const goesOn =
      !text.blank &&
      !(gate === 'oracle' && !isWrong) &&
      !review!.blank &&
      !(gate === 'verdict' && review!.verdict !== 'wrong');
    if (!goesOn) return Array<ScoredText>(rounds).fill(text);
    const next = review!.refinement!;
    return [next, ...naive(next, rest, gate, rounds - 1)];
  }

  it('is what one goes through round by round, and the same from a run of its gate alone', () => {
    const gates = fc.constantFrom<Gate>('always', 'verdict', 'oracle');
    fc.assert(
      fc.property(anyScored, gates, fc.integer({ min: 1, max: 5 }), (question, gate, rounds) => {
        const standings = chainUnder(question, gate, rounds);
        const texts = standings.map(({ text }) => text);
        expect(texts).toEqual(naive(question.samples[0]!, question.chain, gate, rounds));
        const alone = asRunWith(gate, question);
        const plain = (chain: typeof standings) =>
          chain.map(({ text, spending }) => ({ spending, outcome: text.outcome, class: text.class }));
        expect(plain(chainUnder(alone, gate, rounds))).toEqual(plain(standings));
      }),
    );
  });
});
