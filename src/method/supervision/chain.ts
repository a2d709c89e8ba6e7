import type { Gate } from '../gates.ts';
import { reviewUnder } from './answer.ts';
import type { Scored, ScoredText } from './scored.ts';
import { type Spending, spend, spendingOf, spendNothing } from './spending.ts';

/** What a chain has come to after a round. */
export interface Standing {
  /** The newest text: where the gate let no refinement be made, that of the round before. */
  text: ScoredText;
  /** Of all rounds so far and the initial response. */
  spending: Spending;
}

/**
 * The chain of a run that had this gate alone, after each of the first `wanted` rounds (method.md D2 and D7), from the chain of a run of
 * any gates: their chains are the same up to where a gate stops. From there the newest text stands for all later rounds, which cost
 * nothing. As many rounds as are known: fewer where the run ended before, none without a sample.
 */
export function chainUnder(question: Scored, gate: Gate, wanted: number): Standing[] {
  const { chain } = question;
  const [initial] = question.samples;
  const rounds = Math.min(wanted, question.rounds ?? wanted);
  const standings: Standing[] = [];
  if (!initial) return standings;
  let text: ScoredText & { blank: boolean } = initial;
  const spending = spendNothing();
  spend(spending, { response: initial, critique: null, refinement: null });

  for (let round = 0; round < rounds; round++) {
    const answer = reviewUnder(text, chain[round], gate);
    if (!answer) return standings;
    spend(spending, { ...answer, response: null });
    const standing = { text: answer.text, spending: spendingOf([spending], 1) };
    standings.push(standing);
    if (!answer.refinement) return [...standings, ...Array<Standing>(rounds - round - 1).fill(standing)];
    text = answer.refinement;
  }
  return standings;
}
