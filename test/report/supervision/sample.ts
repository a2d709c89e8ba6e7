import type { Difference, Mean } from '../../../src/method/estimate.ts';
import type { Gate } from '../../../src/method/gates.ts';
import type { Level } from '../../../src/method/rows.ts';
import type { Plan, Reviewer } from '../../../src/method/supervision/scored.ts';
import type {
  Basis,
  Comparison,
  LevelSummary,
  Measure,
  ReviewSummary,
  Strategy,
  SupervisionSummary,
  Use,
  VoteSummary,
} from '../../../src/method/supervision/summary.ts';
import type { SupervisionReport } from '../../../src/report/supervision/data.ts';
import { outcomes, sampleReport } from '../sample.ts';

const QUESTIONS = 1319;
const LEVELS: Level[] = [1, 2, 3, 4, 5];

const PLAN: Plan = {
  seed: 7,
  samples: 64,
  reviewed: 32,
  ks: [1, 2, 4, 8, 16, 32, 64],
  gates: ['always', 'verdict', 'oracle'],
  reviewers: ['critic', 'self'],
  rounds: 16,
};

/** How much a reviewer lifts the vote, once there are many samples. */
const LIFT: Record<Reviewer, Record<Gate, number>> = {
  critic: { always: 0.11, verdict: 0.125, oracle: 0.16 },
  self: { always: -0.02, verdict: 0.004, oracle: 0.03 },
};

/** A plausible evaluation with a critic and self-correction, on made-up numbers after method.md D6; `lift` is added to what the critic does. */
export function supervisionReport(lift = 0): SupervisionReport {
  const { attempts, artifacts, provenance } = sampleReport();
  return {
    run: 'evaluate-2026-03-02-081500',
    status: 'completed',
    startedAt: '2026-03-02T08:15:00.000Z',
    updatedAt: '2026-03-02T11:02:37.000Z',
    actor: 'runs/demo-2026-03-01-123456/iteration-2/checkpoint',
    critic: 'models/critic-s (1.9M parameters)',
    dataset: 'GSM8K test',
    warnings: [],
    plan: PLAN,
    summary: summary(lift),
    outcomes: [
      { texts: 'greedy responses', outcomes: outcomes(QUESTIONS, 723, 12, 21) },
      { texts: 'samples', outcomes: outcomes(QUESTIONS * 64, 44_000, 1900, 5200) },
      { texts: 'refinements by the critic', outcomes: outcomes(QUESTIONS * 33, 27_000, 500, 900) },
    ],
    stages: [
      stage('greedy, sample', QUESTIONS, 21),
      stage('samples, sample', QUESTIONS * 64, 1320),
      stage('samples, critique', QUESTIONS * 32, 980),
      stage('samples, refine', QUESTIONS * 32, 870),
      stage('chain', QUESTIONS * 30, 2400),
    ],
    attempts: attempts.map(({ attempt }, i) => ({ set: i === 0 ? 'greedy' : 'samples', attempt })),
    artifacts: artifacts
      .slice(0, 3)
      .map((artifact) => ({ ...artifact, name: artifact.name.replace('iteration 1, ', '') })),
    provenance,
  };
}

/** The same actor with nobody to review it. */
export function aloneReport(): SupervisionReport {
  const report = supervisionReport();
  const { measures, levels, votes } = report.summary;
  return {
    ...report,
    critic: null,
    plan: { ...report.plan, reviewers: [], gates: [], rounds: 0, reviewed: 0 },
    summary: {
      ...report.summary,
      measures: measures.filter(({ reviewer }) => reviewer === null),
      comparisons: [],
      reviews: [],
      levels: levels.map(({ by, levels }) => ({ by, levels: levels.map((level) => ({ ...level, reviewed: [] })) })),
      votes: votes.filter(({ reviewer }) => reviewer === null),
    },
    outcomes: report.outcomes.slice(0, 2),
    stages: report.stages.slice(0, 2),
    attempts: report.attempts.map(({ set, attempt: { critique: _, refinement: __, ...attempt } }) => ({
      set,
      attempt,
    })),
  };
}

/** Stopped before anything could be measured: every mean is of 0 questions. */
export function stoppedReport(): SupervisionReport {
  const report = supervisionReport();
  const { summary } = report;
  const reviews = summary.reviews.map((review) => ({
    ...review,
    critiques: 0,
    verdicts: { correct: 0, wrong: 0, unparsed: 0 },
    before: NOTHING,
    after: NOTHING,
    difference: NO_DIFFERENCE,
    discriminability: NOTHING,
    discriminabilityOnRight: NOTHING,
    discriminabilityOnWrong: NOTHING,
    strictDiscriminability: NOTHING,
    unparsable: NOTHING,
    helpfulness: NOTHING,
    firstWrongStep: NOTHING,
    transitions: { c2c: 0, c2i: 0, i2c: 0, i2i: 0 },
  }));
  return {
    ...report,
    status: 'stopped',
    reason: 'out of budget',
    summary: {
      questions: QUESTIONS,
      measures: summary.measures.map((measure) => ({ ...measure, score: NOTHING, use: NO_USE })),
      comparisons: summary.comparisons.map((it) => ({ ...it, difference: it.difference && NO_DIFFERENCE })),
      reviews,
      levels: summary.levels.map(({ by, levels }) => ({
        by,
        levels: levels.map(({ level, reviewed }) => ({
          level,
          questions: 0,
          responseOnly: NOTHING,
          reviewed: reviewed.map((it) => ({ ...it, score: NOTHING, difference: NO_DIFFERENCE })),
        })),
      })),
      votes: summary.votes.map((vote) => ({
        ...vote,
        meanFrequency: NOTHING,
        lostByVote: NOTHING,
        neverSolved: { successes: 0, ...NOTHING },
        curve: [],
      })),
    },
    outcomes: [{ texts: 'greedy responses', outcomes: outcomes(0, 0, 0, 0) }],
    stages: [stage('greedy, sample', 0, 0)],
    attempts: [],
    artifacts: [],
  };
}

export const NOTHING: Mean = { value: null, low: 0, high: 1, n: 0 };
const NO_DIFFERENCE: Difference = { difference: null, low: -1, high: 1, n: 0, p: null };
const NO_USE: Use = { generations: 0, promptTokens: 0, completionTokens: 0, seconds: 0, cost: null };

function summary(lift: number): SupervisionSummary {
  const conditions = PLAN.reviewers.flatMap((reviewer) => PLAN.gates.map((gate) => ({ reviewer, gate })));
  const alone = { reviewer: null, gate: null };
  const strategies: Strategy[] = [
    ...[alone, ...conditions].map((it): Strategy => ({ method: 'greedy', ...it, k: 1 })),
    ...[alone, ...conditions].map((it): Strategy => ({ method: 'sampled', ...it, k: 1 })),
    ...(['maj', 'pass'] as const).flatMap((method) => [
      ...PLAN.ks.map((k): Strategy => ({ method, ...alone, k })),
      ...conditions.flatMap((it) => reviewedKs.map((k): Strategy => ({ method, ...it, k }))),
    ]),
    ...reviewedKs.map((k): Strategy => ({ method: 'best', reviewer: 'critic', gate: null, k })),
    ...(['sequential-vote', 'sequential-last', 'sequential-pass'] as const).flatMap((method) =>
      (['always', 'verdict'] as const).flatMap((gate) =>
        [1, 2, 4, 8, 16].map((k): Strategy => ({ method, reviewer: 'critic', gate, k })),
      ),
    ),
  ];
  return {
    questions: QUESTIONS,
    measures: strategies.map(
      (strategy): Measure => ({ ...strategy, score: mean(score(strategy, lift)), use: use(strategy) }),
    ),
    comparisons: strategies
      .filter(({ reviewer, method }) => reviewer !== null && !method.endsWith('pass'))
      .flatMap((after) => comparisons(after, lift)),
    reviews: conditions.flatMap(({ reviewer, gate }) =>
      (['greedy', 'samples'] as const).map((on) => review(reviewer, gate, on, lift)),
    ),
    levels: (['dataset', 'pass rate'] as const).map((by) => levels(by, conditions, lift)),
    votes: [alone, ...conditions].map((it) => vote(it, lift)),
  };
}

const reviewedKs = PLAN.ks.filter((k) => k <= PLAN.reviewed);

/** Saturates with the logarithm of k, as votes do. */
function score({ method, reviewer, gate, k }: Strategy, lift: number): number {
  const gained = reviewer === null ? 0 : LIFT[reviewer][gate ?? 'verdict'] + (reviewer === 'critic' ? lift : 0);
  const grown = 1 - Math.exp(-Math.log2(k) / 2.2);
  switch (method) {
    case 'greedy':
      return 0.548 + gained;
    case 'sampled':
      return 0.461 + gained;
    case 'maj':
      return (k === 2 ? 0.455 : 0.461 + 0.25 * grown) + gained;
    case 'pass':
      return 0.461 + 0.48 * grown + gained * (1 - grown);
    case 'best':
      return 0.461 + 0.23 * grown;
    case 'sequential-vote':
      return 0.56 + 0.24 * grown + (gate === 'verdict' ? 0.012 : 0);
    case 'sequential-last':
      return 0.58 + 0.1 * grown + (gate === 'verdict' ? 0.008 : 0);
    case 'sequential-pass':
      return 0.58 + 0.39 * grown;
  }
}

/** Texts per question: a gate that lets fewer responses be refined costs less. */
function use({ method, reviewer, gate, k }: Strategy): Use {
  const refined = gate === 'always' ? 1 : 0.46;
  const reviews = reviewer === null ? 0 : method.startsWith('sequential') ? k * (0.3 + 0.7 * refined) : k;
  const responses = method.startsWith('sequential') ? 1 : k;
  const critiques = gate === 'oracle' ? reviews * refined : reviews;
  const refinements = method === 'best' ? 0 : reviews * refined;
  return {
    generations: responses + critiques + refinements,
    promptTokens: 118 * responses + 301.5 * critiques + 540.25 * refinements,
    completionTokens: 121.75 * responses + 262.5 * critiques + 118.125 * refinements,
    seconds: 0.0163 * (responses + 2.1 * critiques + refinements),
    cost: 0.0000123 * (responses + 2 * critiques + 1.5 * refinements),
  };
}

function comparisons(after: Strategy, lift: number): Comparison[] {
  const { generations, promptTokens, completionTokens } = use(after);
  const alone = use({ method: 'maj', reviewer: null, gate: null, k: 1 });
  const to = (k: number, basis: Basis): Comparison => {
    const method = after.method === 'greedy' || after.method === 'sampled' ? after.method : 'maj';
    const before: Strategy = { method, reviewer: null, gate: null, k };
    const isDrawn = k <= PLAN.samples;
    return { after, before, basis, difference: isDrawn ? difference(score(after, lift) - score(before, lift)) : null };
  };
  if (after.method === 'greedy' || after.method === 'sampled') return [to(1, 'samples')];
  return [
    to(after.k, 'samples'),
    to(2 * after.k, 'actor generations'),
    to(Math.ceil(generations), 'generations'),
    to(Math.ceil((promptTokens + completionTokens) / (alone.promptTokens + alone.completionTokens)), 'tokens'),
  ];
}

function review(reviewer: Reviewer, gate: Gate, on: 'greedy' | 'samples', lift: number): ReviewSummary {
  const n = on === 'greedy' ? QUESTIONS : QUESTIONS * PLAN.reviewed;
  const method = on === 'greedy' ? 'greedy' : 'sampled';
  const before = score({ method, reviewer: null, gate: null, k: 1 }, lift);
  const after = score({ method, reviewer, gate, k: 1 }, lift);
  const broken = gate === 'oracle' ? 0 : Math.round(0.04 * n);
  const right = Math.round(before * n);
  const repaired = Math.round((after - before) * n) + broken;
  const critiques = gate === 'oracle' ? n - right : n;
  const sharp = reviewer === 'critic' ? 0.79 : 0.58;
  return {
    reviewer,
    gate,
    on,
    critiques,
    verdicts: {
      correct: Math.round(0.5 * critiques),
      wrong: Math.round(0.47 * critiques),
      unparsed: Math.round(0.03 * critiques),
    },
    before: mean(before),
    after: mean(after),
    difference: difference(after - before),
    discriminability: mean(sharp),
    discriminabilityOnRight: gate === 'oracle' ? NOTHING : mean(sharp + 0.09, right),
    discriminabilityOnWrong: mean(sharp - 0.1, QUESTIONS - right > 0 ? QUESTIONS - right : 596),
    strictDiscriminability: mean(sharp - 0.025),
    unparsable: mean(0.03),
    helpfulness: mean(0.31, 596),
    transitions: {
      c2c: right - broken,
      c2i: broken,
      i2c: Math.max(0, repaired),
      i2i: n - right - Math.max(0, repaired),
    },
    firstWrongStep: mean(0.42, 311),
  };
}

function levels(by: LevelSummary['by'], conditions: { reviewer: Reviewer; gate: Gate }[], lift: number): LevelSummary {
  const alone = [0.97, 0.78, 0.56, 0.34, 0.13];
  return {
    by,
    levels: LEVELS.map((level, i) => ({
      level,
      questions: 200 + 31 * i,
      responseOnly: mean(alone[i]!, 200 + 31 * i),
      reviewed: conditions.map(({ reviewer, gate }) => {
        const gained = (LIFT[reviewer][gate] + (reviewer === 'critic' ? lift : 0)) * (i === 0 ? -0.2 : 0.6 + 0.2 * i);
        return { reviewer, gate, score: mean(alone[i]! + gained, 200 + 31 * i), difference: difference(gained, 0.05) };
      }),
    })),
  };
}

function vote({ reviewer, gate }: Pick<Strategy, 'reviewer' | 'gate'>, lift: number): VoteSummary {
  const k = PLAN.reviewed;
  const value = score({ method: 'sampled', reviewer, gate, k: 1 }, lift);
  const curve = Array.from({ length: QUESTIONS }, (_, i) => {
    const place = (i + 0.5) / QUESTIONS;
    return Math.round(k * Math.min(1, Math.max(0, (1 / (1 + Math.exp(9 * (place - value)))) * 1.06 - 0.03))) / k;
  });
  const never = curve.filter((frequency) => frequency === 0).length;
  return {
    reviewer,
    gate,
    k,
    meanFrequency: mean(value),
    lostByVote: mean(1 - score({ method: 'maj', reviewer, gate, k }, lift)),
    neverSolved: { successes: never, ...mean(never / QUESTIONS) },
    curve,
  };
}

const stage = (name: string, generations: number, seconds: number): SupervisionReport['stages'][number] => ({
  stage: name,
  generations,
  seconds,
  promptTokens: 118 * generations,
  completionTokens: 121 * generations,
  cost: generations === 0 ? null : 0.0000123 * generations,
});

/** With the normal interval: good enough to be looked at. */
export function mean(value: number, n = QUESTIONS): Mean {
  const within = Math.min(1, Math.max(0, value));
  const half = 1.96 * Math.sqrt((within * (1 - within)) / n);
  return { value: within, low: Math.max(0, within - half), high: Math.min(1, within + half), n };
}

export const difference = (value: number, half = 0.018): Difference => ({
  difference: value,
  low: value - half,
  high: value + half,
  n: QUESTIONS,
  p: Math.abs(value) > half ? 0.0004 : 0.31,
});
