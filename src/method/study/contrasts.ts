import { type Difference, pairedScores } from '../estimate.ts';
import { pairScores } from '../supervision/comparisons.ts';
import type { Method } from '../supervision/summary.ts';
import { type ConditionScores, comparedSamples } from './condition-scores.ts';
import type { Contrasts, EvaluationName } from './evidence.ts';

/** Of the resamples: no condition has them more than another. */
const SEED = 1;

type Scores = readonly (number | null)[];

/** Every difference that the findings need and that no evaluation has by itself, paired by question id. */
export function contrastConditions(evaluations: Partial<Record<EvaluationName, ConditionScores>>): Contrasts {
  const { sft, loop, 'sft-base-critic': baseCritic, 'self-correction': corrected, 'self-talk': talked } = evaluations;
  const twoPlayers = sft && { ids: sft.ids, scores: sft.of('greedy', 'critic') };
  const selfCorrection = corrected && { ids: corrected.ids, scores: corrected.of('greedy', 'self') };
  const selfTalk = talked && { ids: talked.ids, scores: talked.of('greedy', null) };
  return {
    hardness: sft ? hardness(sft) : null,
    critics: sft && baseCritic ? critics(baseCritic, sft) : null,
    samples: sft ? withSamples(sft) : null,
    chain: sft ? chain(sft) : null,
    shrinkage: sft && loop ? shrinkage(sft, loop) : null,
    ladder: {
      selfTalkOverSelfCorrection: across('greedy', selfCorrection, selfTalk),
      twoPlayersOverSelfTalk: across('greedy', selfTalk, twoPlayers),
      twoPlayersOverSelfCorrection: across('greedy', selfCorrection, twoPlayers),
    },
  };
}

function hardness(sft: ConditionScores): Contrasts['hardness'] {
  const { by, levels } = sft.hardness;
  const at = (isOf: (level: number) => boolean) => {
    const of = (scores: Scores) => scores.filter((_, question) => isOf(levels[question] ?? Number.NaN));
    return within('greedy', of(sft.of('greedy', null)), of(sft.of('greedy', 'critic')));
  };
  const hard = at((level) => level >= 4);
  const easy = at((level) => level <= 2);
  return hard && easy && { by, hard, easy };
}

function critics(base: ConditionScores, trained: ConditionScores): Contrasts['critics'] {
  /** Right in the end, of the wrong responses only. */
  const repaired = (of: ConditionScores) => {
    const alone = of.of('greedy', null);
    return { ids: of.ids, scores: of.of('greedy', 'critic').map((score, i) => (alone[i] === 0 ? score : null)) };
  };
  const agreements = across(
    'greedy',
    { ids: base.ids, scores: base.agreement },
    { ids: trained.ids, scores: trained.agreement },
  );
  const repairs = across('greedy', repaired(base), repaired(trained));
  return agreements && repairs && { agreement: agreements, repaired: repairs };
}

function withSamples(sft: ConditionScores): Contrasts['samples'] {
  const k = comparedSamples(sft.plan).all;
  const difference = (method: Method, of = k) => within(method, sft.of(method, null, of), sft.of(method, 'critic', of));
  const [frequency, vote, pass] = [difference('sampled', 1), difference('maj'), difference('pass')];
  return frequency && vote && pass && { k, frequency, vote, pass };
}

function chain(sft: ConditionScores): Contrasts['chain'] {
  const k = comparedSamples(sft.plan).chain;
  const of = (method: Method) => sft.of(method, 'critic', k);
  const pass = within('pass', of('sequential-pass'), of('pass'));
  const vote = within('maj', of('maj'), of('sequential-vote'));
  const voteOverLast = within('maj', of('sequential-last'), of('sequential-vote'));
  return pass && vote && voteOverLast && { k, pass, vote, voteOverLast };
}

/** A gain of a question is -1, 0 or 1: moved to 0 to 1 and back. */
function shrinkage(before: ConditionScores, after: ConditionScores): Difference | null {
  const gains = (of: ConditionScores) => {
    const [alone, reviewed] = [of.of('greedy', null), of.of('greedy', 'critic')];
    return reviewed.map((score, i) => (score === null || alone[i] == null ? null : (1 + score - alone[i]) / 2));
  };
  const [then, now] = both({ ids: before.ids, scores: gains(before) }, { ids: after.ids, scores: gains(after) });
  const { difference, low, high, n, p } = pairedScores(then, now, SEED);
  return difference === null ? null : { difference: 2 * difference, low: 2 * low, high: 2 * high, n, p };
}

interface Identified {
  ids: readonly string[];
  scores: Scores;
}

/** After minus before on the questions that both know, by their ids. */
function across(method: Method, before: Identified | undefined, after: Identified | undefined): Difference | null {
  return before && after ? within(method, ...both(before, after)) : null;
}

function both(before: Identified, after: Identified): [number[], number[]] {
  const then = new Map(before.ids.map((id, place) => [id, before.scores[place] ?? null]));
  const pairs = after.ids.flatMap((id, place) => {
    const [was, is] = [then.get(id) ?? null, after.scores[place] ?? null];
    return was === null || is === null ? [] : [{ was, is }];
  });
  return [pairs.map(({ was }) => was), pairs.map(({ is }) => is)];
}

/** The same of two conditions of one evaluation. null: no question is known under both. */
function within(method: Method, before: Scores, after: Scores): Difference | null {
  const difference = pairScores(method, before, after, SEED);
  return difference.n === 0 ? null : difference;
}
