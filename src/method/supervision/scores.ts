import { bestOfN, majAtKs, passAtK } from '../estimate.ts';
import { seedFor } from '../random.ts';
import { voteScore } from '../vote.ts';
import { answerUnder, critiqueUnder, type Supervision } from './answer.ts';
import { chainUnder } from './chain.ts';
import { rateOf, sampledUnder, votersAmong } from './sampled.ts';
import type { Plan, Scored } from './scored.ts';
import { type Spending, spend, spendingOf, spendNothing } from './spending.ts';
import { keyOf } from './strategies.ts';
import type { Method, Strategy } from './summary.ts';

/** What a strategy makes of every question, in their order. */
export interface Tally {
  strategy: Strategy;
  /** How right the answer is, from 0 to 1: its expectation where chance decides. null: not known. */
  scores: (number | null)[];
  /** Of one of the strategy's k samples, or of all its rounds; null where nothing is known. */
  spending: (Spending | null)[];
}

interface Reading {
  score: number | null;
  spending: Spending | null;
}

/** Reads a question under several strategies that share their draws. */
type Read = (question: Scored, strategies: readonly Strategy[], plan: Plan) => Reading[];

/** Questions between two breaths. */
const STRIDE = 32;

/**
 * The score and the spending of every question under each strategy, in their order. Of a question that has fewer graded samples than a
 * strategy needs, or whose answers are not all known, the score is null.
 */
export function* tally(
  questions: readonly Scored[],
  plan: Plan,
  strategies: readonly Strategy[],
): Generator<void, Tally[]> {
  const tallies = strategies.map((strategy): Tally => ({ strategy, scores: [], spending: [] }));
  for (const alike of alikes(tallies)) {
    const read = READS[alike[0].strategy.method];
    const ofAlike = alike.map(({ strategy }) => strategy);
    for (const [index, question] of questions.entries()) {
      if (index % STRIDE === 0) yield;
      for (const [place, { score, spending }] of read(question, ofAlike, plan).entries()) {
        alike[place]!.scores.push(score);
        alike[place]!.spending.push(spending);
      }
    }
  }
  return tallies;
}

/** The mean spending over the questions that have a score, on all k samples; nothing where none has. */
export function meanSpending({ strategy: { method, k }, scores, spending }: Tally): Spending {
  const known = spending.filter((each, question): each is Spending => each !== null && scores[question] !== null);
  const times = method.startsWith('sequential') ? 1 : k;
  return spendingOf(known, times / Math.max(known.length, 1));
}

const readGreedy: Read = ({ greedy }, [strategy]) => {
  const answer = greedy && answerUnder(greedy, supervisionOf(strategy!));
  if (!answer) return [UNKNOWN];
  const { correct, total } = rateOf([answer.text]);
  const spending = spendNothing();
  spend(spending, answer);
  return [{ score: total === 0 ? null : correct, spending }];
};

const readSamples: Read = (question, strategies, plan) => {
  const sampled = sampledUnder(question, supervisionOf(strategies[0]!), plan);
  if (!sampled) return strategies.map(() => UNKNOWN);
  const { voters, rate, spending } = sampled;
  const votes = majOf(voters.length, strategies);
  const seed = seedFor(plan.seed, keyOf(strategies[0]!), question.id);
  const majs = votes.length > 0 ? majAtKs(voters, votes, { ties: 'split', seed }) : [];
  return strategies.map(({ method, k }): Reading => {
    if (rate.total < k) return { score: null, spending };
    if (method === 'sampled') return { score: rate.correct / rate.total, spending };
    return { score: method === 'pass' ? passAtK(rate, k) : majs[votes.indexOf(k)]!.value, spending };
  });
};

const readBest: Read = (question, strategies, plan) => {
  const supervision = { reviewer: strategies[0]!.reviewer!, gate: 'always' } as const;
  const responses: { right: boolean; accepted: boolean }[] = [];
  const spending = spendNothing();
  const draws = question.samples.slice(0, plan.reviewed);
  for (const draw of draws) {
    const critique = critiqueUnder(draw, supervision);
    if (!critique && !draw.blank) return strategies.map(() => UNKNOWN);
    spend(spending, { response: draw, critique, refinement: null });
    const accepted = critique?.verdict === 'correct';
    if (draw.outcome !== 'ungraded') responses.push({ right: draw.outcome === 'correct', accepted });
  }
  if (draws.length === 0) return strategies.map(() => UNKNOWN);
  const each = spendingOf([spending], 1 / draws.length);
  return strategies.map(({ k }) => ({ score: responses.length < k ? null : bestOfN(responses, k), spending: each }));
};

const readChain: Read = (question, strategies) => {
  const standings = chainUnder(question, strategies[0]!.gate!, Math.max(...strategies.map(({ k }) => k)));
  return strategies.map(({ method, k }): Reading => {
    if (standings.length < k) return UNKNOWN;
    const texts = standings.slice(0, k).map(({ text }) => text);
    const { correct, total } = rateOf(method === 'sequential-last' ? texts.slice(-1) : texts);
    const any = total === 0 ? null : Number(correct > 0);
    const score = method === 'sequential-vote' ? voteScore(votersAmong(texts, question), 'split') : any;
    return { score, spending: standings[k - 1]!.spending };
  });
};

const READS: Record<Method, Read> = {
  greedy: readGreedy,
  sampled: readSamples,
  maj: readSamples,
  pass: readSamples,
  best: readBest,
  'sequential-vote': readChain,
  'sequential-last': readChain,
  'sequential-pass': readChain,
};

const UNKNOWN: Reading = { score: null, spending: null };

function supervisionOf({ reviewer, gate }: Strategy): Supervision {
  return reviewer && gate && { reviewer, gate };
}

/** The numbers of samples to vote with, of those that there are enough samples for. */
function majOf(samples: number, strategies: readonly Strategy[]): number[] {
  return strategies.filter(({ method, k }) => method === 'maj' && k <= samples).map(({ k }) => k);
}

/** Those that read the same draws of a question the same way, together. */
function alikes(tallies: readonly Tally[]): [Tally, ...Tally[]][] {
  const groups: [Tally, ...Tally[]][] = [];
  for (const each of tallies) {
    const { method, reviewer, gate } = each.strategy;
    const alike = groups.find(
      ([{ strategy: first }]) =>
        READS[first.method] === READS[method] && first.reviewer === reviewer && first.gate === gate,
    );
    if (alike) alike.push(each);
    else groups.push([each]);
  }
  return groups;
}
