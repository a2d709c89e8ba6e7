import type { CritiqueCounts, CritiqueStatistics } from '../../../src/method/critiques/statistics.ts';
import { pairedDifference, proportion } from '../../../src/method/estimate.ts';
import type { TalkStatistics } from '../../../src/method/self-talk/statistics.ts';
import type { Budget, Evidence, IterationEvidence } from '../../../src/method/study/evidence.ts';
import { findings } from '../../../src/method/study/findings.ts';
import type { StepReport, StudyData } from '../../../src/report/study/data.ts';
import type { SupervisionReport } from '../../../src/report/supervision/data.ts';
import { difference, diversity, fromPairs, iteration, nothing } from '../../method/study/evidence.ts';
import { sampleReport } from '../sample.ts';
import { aloneReport, supervisionReport } from '../supervision/sample.ts';

/** A plausible study on made-up numbers, of which some findings hold, some do not and some are unclear. */
export function sampleStudy(): StudyData {
  return { ...withEvidence(evidence()), critiques: CRITIQUES, selfTalk: TALKS };
}

/** The same, stopped before anything was measured. */
export function emptyStudy(): StudyData {
  const { steps, ...study } = withEvidence(nothing());
  return { ...study, status: 'stopped', reason: 'out of time', steps: steps.slice(0, 1) };
}

function withEvidence(evidence: Evidence): StudyData {
  return {
    run: 'study-2026-03-05-070000',
    status: 'completed',
    startedAt: '2026-03-05T07:00:00.000Z',
    updatedAt: '2026-03-05T07:27:30.000Z',
    actor: 'models/actor (1.9M parameters)',
    critic: 'models/critic (1.9M parameters)',
    datasets: { train: 'arithmetic train, 400 questions', test: 'arithmetic test, 300 questions' },
    warnings: ['evaluate-vanilla has not been run: the study was started before it had that step.'],
    findings: findings(evidence),
    evidence,
    critiques: null,
    selfTalk: null,
    steps: STEPS,
    provenance: sampleReport().provenance,
  };
}

const evaluated = ({ plan, summary }: SupervisionReport) => ({ plan, summary });

function evidence(): Evidence {
  const sft = evaluated(supervisionReport());
  return {
    gate: 'verdict',
    evaluations: {
      sft,
      'sft-base-critic': evaluated(supervisionReport(-0.06)),
      'self-correction': evaluated(supervisionReport(-0.09)),
      'self-talk': evaluated(aloneReport()),
      vanilla: evaluated(supervisionReport(-0.03)),
      loop: evaluated(supervisionReport(0.05)),
    },
    contrasts: {
      hardness: { by: 'pass rate', hard: difference(0.06, 0.14, 420), easy: difference(-0.03, 0.02, 510) },
      critics: { agreement: difference(0.11, 0.19, 1319), repaired: difference(-0.01, 0.07, 540) },
      samples: { k: 32, frequency: difference(0.1, 0.16), vote: difference(0.08, 0.14), pass: difference(0.0, 0.02) },
      chain: {
        k: 16,
        pass: difference(0.01, 0.06),
        vote: difference(-0.04, 0.01),
        voteOverLast: difference(0.02, 0.05),
      },
      shrinkage: difference(-0.09, -0.03),
      ladder: {
        selfTalkOverSelfCorrection: difference(-0.07, -0.01, 300),
        twoPlayersOverSelfTalk: difference(0.05, 0.13, 300),
        twoPlayersOverSelfCorrection: difference(0.03, 0.09, 300),
      },
    },
    budget: [1, 2, 4, 8, 16, 32].map(budget),
    iterations: {
      vanilla: [0, 1, 2, 3].map((t) => iterationAt(t, [548, 590, 596, 591], [90, 70, 40, 20, 8], 0)),
      loop: [0, 1, 2, 3].map((t) => iterationAt(t, [548, 650, 672, 690], [85, 72, 52, 41, 27], 34)),
    },
    loopOverVanilla: [1, 2, 3].map((t) => ({
      iteration: t,
      difference: fromPairs(560, 40 + 40 * t, 30, 370 - 40 * t),
    })),
    criticTraining: {
      candidate: { model: 'runs/critic-0a1b2c3d4e5f/checkpoint', critic: quality(supervisionReport(0.05)) },
      against: { model: 'models/critic', critic: quality(supervisionReport(-0.05)) },
      difference: fromPairs(600, 160, 40, 200),
    },
  };
}

function quality({ summary }: SupervisionReport) {
  return summary.reviews.find(({ reviewer, on }) => reviewer === 'critic' && on === 'greedy')!;
}

function budget(k: number): Budget {
  const vote = (share: number) => ({ ...proportion(Math.round(1000 * share), 1000) });
  const at = (k: number) => (k > 64 ? null : vote(0.45 + 0.05 * Math.log2(k)));
  return {
    k,
    withCritic: vote(0.55 + 0.06 * Math.log2(k)),
    alone: { k: at(k), '2k': at(2 * k), '3k': at(3 * k) },
  };
}

function iterationAt(t: number, right: number[], rows: number[], gained: number): IterationEvidence {
  const results = (iteration: number) => Array.from({ length: 1000 }, (_, i) => i < right[iteration]!);
  return iteration(t, {
    accuracy: proportion(right[t]!, 1000),
    accuracyWithCritic: gained > 0 ? proportion(right[t]! + 20, 1000) : null,
    overPrevious: t > 0 ? pairedDifference(results(t - 1), results(t)) : null,
    overFirst: t > 1 ? pairedDifference(results(1), results(t)) : null,
    explored:
      t === 0
        ? null
        : {
            diversity: diversity(rows, 400, 260, 260 + gained),
            accepted: rows.reduce((sum, n) => sum + n, 0),
            removed: { duplicates: 31 * t, overCap: 12, shortcuts: gained === 0 ? 0 : 4 },
          },
  });
}

const step = (name: string, type: string, seconds: number, parts: Partial<StepReport> = {}): StepReport => ({
  step: name,
  type,
  workflowId: `${name}-0a1b2c3d4e5f`,
  status: 'done',
  seconds,
  headline: `${name} came out well`,
  tokens: { prompt: 12_000 * seconds, completion: 7_000 * seconds },
  report: `../${name}-0a1b2c3d4e5f/report.html`,
  ...parts,
});

const STEPS: StepReport[] = [
  step('reason', 'selfImprove', 82, { status: 'reused' }),
  step('critiques', 'buildCritiques', 164),
  step('critic', 'fineTune', 141, { tokens: null, report: null }),
  step('loop', 'selfImprove', 402),
  step('vanilla', 'selfImprove', 301),
  step('self-correction', 'fineTune', 77, { tokens: null, report: null }),
  step('self-talk', 'selfTalk', 153),
  step('evaluate-sft', 'evaluate', 98),
  step('evaluate-loop', 'evaluate', 95),
];

const counts = (made: number, flawed: number, chosen: number, passed: number, kept: number): CritiqueCounts => ({
  made,
  flawed,
  chosen,
  annotated: chosen,
  passed,
  kept,
  yield: proportion(kept, chosen),
  meanSoft: 0.41,
});

const CRITIQUES: CritiqueStatistics = {
  total: counts(3200, 1500, 900, 610, 402),
  byStrategy: [
    { strategy: 'RG1', ...counts(1600, 700, 400, 280, 190) },
    { strategy: 'RG2', ...counts(600, 300, 150, 90, 61) },
    { strategy: 'RG3', ...counts(600, 500, 170, 110, 71) },
    { strategy: 'right', ...counts(400, 0, 180, 130, 80) },
  ],
  byLevel: [],
  byLevelAndStrategy: [],
  removed: [
    { stage: 'path', reason: 'not-flawed', count: 400, byStrategy: { RG1: 0, RG2: 300, RG3: 100, right: 0 } },
    { stage: 'annotation', reason: 'off-format', count: 180, byStrategy: { RG1: 80, RG2: 40, RG3: 40, right: 20 } },
    { stage: 'annotation', reason: 'leak', count: 62, byStrategy: { RG1: 20, RG2: 14, RG3: 14, right: 14 } },
    { stage: 'filter', reason: 'below-k', count: 208, byStrategy: { RG1: 90, RG2: 29, RG3: 39, right: 50 } },
  ],
  softLabels: [100, 60, 50, 40, 40, 60, 60, 50, 50, 50, 50],
  agreement: { verdict: proportion(690, 720), location: proportion(270, 320) },
  mistakes: [{ mistake: 'calculation', kept: 41 }],
  stepsPerCritique: 4.2,
  right: proportion(80, 402),
};

const TALKS: TalkStatistics = {
  questions: 400,
  chains: 400,
  errorFree: 350,
  right: 300,
  kept: 290,
  yield: proportion(300, 400),
  byRewrites: [
    { rewrites: 0, chains: 250, errorFree: 250, right: 220, kept: 215 },
    { rewrites: 1, chains: 100, errorFree: 90, right: 70, kept: 66 },
    { rewrites: 2, chains: 50, errorFree: 10, right: 10, kept: 9 },
  ],
  byLevel: [],
  means: { steps: 5.1, rewrites: 0.3, characters: 620 },
  removed: [
    { reason: 'wrong', rows: 62 },
    { reason: 'budget', rows: 38 },
    { reason: 'duplicate', rows: 10 },
  ],
};
