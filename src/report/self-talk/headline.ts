import { count, counted, percent, proportion } from '../format.ts';
import type { SelfTalkReport } from './data.ts';

/** What came out, one sentence each. */
export function headline({ statistics, training, evaluation }: SelfTalkReport): string[] {
  if (!statistics) return ['Ended before there was a chain.'];
  const { chains, kept, byRewrites } = statistics;
  const { value, low, high } = statistics.yield;
  if (value === null) return ['Ended before there was a chain.'];
  const repaired = byRewrites.filter(({ rewrites }) => rewrites > 0).reduce((sum, { kept }) => sum + kept, 0);
  return [
    `${count(kept)} self-talks to train on, from ${counted(chains, 'chain')}: ${proportion({ value, low, high })} became a text with the right answer.`,
    ...(kept > 0
      ? [`${count(repaired)} of them (${percent(repaired / kept)}) find and repair at least one of their own mistakes.`]
      : []),
    ...(training ? [`Trained on ${counted(training.rows, 'row')}: ${training.checkpoint}.`] : []),
    ...(evaluation ? evaluation.headline.map((sentence) => `Tested: ${sentence}`) : []),
  ];
}
