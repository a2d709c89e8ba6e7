import type { Diversity } from '../../src/method/diversity.ts';
import { randomFrom } from '../../src/method/random.ts';
import type { Attempt, Generation, Grade, Level, Outcome, Question } from '../../src/method/rows.ts';
import type { IterationReport, Outcomes, PairedDifference, Proportion, RunReport } from '../../src/report/data.ts';

const LEVELS: Level[] = [1, 2, 3, 4, 5];
const TEST_QUESTIONS = 1000;
const TRAIN_QUESTIONS = 4000;
const SAMPLES = 3;

/** A plausible run of two iterations with a critic, on made-up numbers; the same seed gives the same report. */
export function sampleReport(seed = 7): RunReport {
  const random = randomFrom(seed).next;
  const accuracies = [0.556, 0.618, 0.652];
  return {
    run: 'demo-2026-03-01-123456',
    status: 'completed',
    startedAt: '2026-03-01T12:34:56.789Z',
    updatedAt: '2026-03-01T12:39:21.000Z',
    actor: 'models/actor-s (1.9M parameters)',
    critic: 'models/critic-s (1.9M parameters)',
    warnings: [],
    datasets: {
      train: 'arithmetic world, seed 7, 4,000 questions',
      test: 'arithmetic world, seed 8, 1,000 questions',
    },
    iterations: accuracies.map((accuracy, iteration) => iterationReport(iteration, accuracy, accuracies[0]!, random)),
    attempts: sampleAttempts(),
    artifacts: [
      artifact('questions', 'questions.jsonl', TRAIN_QUESTIONS, random),
      artifact('iteration 1, attempts', 'iteration-1/attempts/', 16_331, random),
      artifact('iteration 1, training rows', 'iteration-1/sft.jsonl', 14_021, random),
      artifact('iteration 2, attempts', 'iteration-2/attempts/', 15_871, random),
      artifact('iteration 2, training rows', 'iteration-2/sft.jsonl', 14_950, random),
    ],
    provenance: {
      Input: {
        seed: 7,
        input: {
          actor: { base: 'models/actor-base', prompts: 'base' },
          critic: { model: 'models/critic-s' },
          iterations: 2,
        },
      },
      Prompts: { solve: 'Human: {question}\n\nAssistant:Let\u2019s break it down step by step:\n\n' },
      Sampling: { temperature: 0.7, samples: SAMPLES, critiques: 1, refinements: 2 },
      Versions: { 'critique-loop': '0.1.0', node: 'v20.20.0' },
    },
  };
}

/** The same run without a critic. */
export function vanillaReport(seed = 7): RunReport {
  const report = sampleReport(seed);
  return {
    ...report,
    critic: null,
    iterations: report.iterations.map(({ evaluation, exploration, ...rest }) => {
      const { withCritic: _, ...alone } = evaluation!;
      const vanilla: IterationReport = {
        ...rest,
        evaluation: { ...alone, byLevel: alone.byLevel.map(({ level, accuracy }) => ({ level, accuracy })) },
        stages: rest.stages.filter(({ stage }) => stage !== 'critique' && stage !== 'refine'),
      };
      if (!exploration) return vanilla;
      const { critic: __, criticData: ____, refinements: ___, accepted, byLevel, ...explored } = exploration;
      const without = (it: typeof accepted) => ({ withoutCritique: it.withoutCritique, withCritique: 0 });
      return {
        ...vanilla,
        training: { ...vanilla.training!, byKind: vanilla.training!.byKind.filter(({ kind }) => kind !== 'refined') },
        exploration: {
          ...explored,
          accepted: without(accepted),
          byLevel: byLevel.map((row) => ({ level: row.level, accepted: without(row.accepted) })),
          solved: { withoutCritique: explored.solved.withoutCritique, withCritique: explored.solved.withoutCritique },
        },
      };
    }),
    attempts: report.attempts.map(({ attempt, ...where }) => {
      const { critique: _, refinement: __, ...alone } = attempt;
      return { ...where, attempt: alone };
    }),
  };
}

function iterationReport(iteration: number, accuracy: number, first: number, random: () => number): IterationReport {
  const correct = Math.round(accuracy * TEST_QUESTIONS);
  const withCritic = Math.round((accuracy + 0.11) * TEST_QUESTIONS);
  const atLevel = (level: Level, share: number) =>
    proportion(Math.round(200 * Math.min(0.985, Math.max(0.03, share + 0.18 * (3 - level)))), 200);
  const rows = iteration === 0 ? 5500 : 13_800 + 900 * iteration;
  const steps = Math.ceil((3 * rows) / 64);
  const report: IterationReport = {
    iteration,
    removed: {
      duplicates: 90 * iteration,
      overCap: 300 * iteration,
      shortcuts: 12 * iteration,
      uri: `runs/demo-2026-03-01-123456/iteration-${iteration}/removed.jsonl`,
    },
    training: {
      rows,
      byKind: [
        { kind: 'reason', rows: 3000 },
        { kind: 'refine', rows: 2500 },
        ...(iteration === 0
          ? []
          : [
              { kind: 'correct', rows: rows - 7000 },
              { kind: 'refined', rows: 1500 },
            ]),
      ],
      steps,
      seconds: 12 + rows / 500,
      losses: Array.from({ length: Math.floor(steps / 5) }, (_, i) => ({
        step: 5 * (i + 1),
        loss: 0.21 + (1.1 - 0.1 * iteration) * Math.exp(-i / 12) + 0.02 * random(),
      })),
    },
    checkpoint: { uri: `runs/demo-2026-03-01-123456/iteration-${iteration}/checkpoint`, sha256: sha256(random) },
    evaluation: {
      accuracy: proportion(correct, TEST_QUESTIONS),
      ...(iteration === 0 ? {} : { gain: paired(accuracy - first) }),
      outcomes: outcomes(TEST_QUESTIONS, correct, 12, 21),
      byLevel: LEVELS.map((level) => ({
        level,
        accuracy: atLevel(level, accuracy),
        accuracyWithCritic: atLevel(level, accuracy + 0.11),
      })),
      withCritic: {
        accuracy: proportion(withCritic, TEST_QUESTIONS),
        gain: paired(0.11),
        outcomes: outcomes(TEST_QUESTIONS, withCritic, 8, 12),
        critic: {
          verdicts: { correct: 540, wrong: 455, unparsed: 5 },
          onCorrect: proportion(Math.round(0.94 * correct), correct),
          onWrong: proportion(Math.round(0.9 * (TEST_QUESTIONS - correct)), TEST_QUESTIONS - correct),
        },
      },
    },
    stages: [
      ...(iteration === 0
        ? []
        : ([
            { stage: 'sample', seconds: 31.2, promptTokens: 702_113, completionTokens: 811_902 },
            { stage: 'critique', seconds: 24.8, promptTokens: 611_402, completionTokens: 790_111 },
            { stage: 'refine', seconds: 21.4, promptTokens: 902_775, completionTokens: 402_310 },
            { stage: 'select', seconds: 0.8, promptTokens: 0, completionTokens: 0 },
          ] as const)),
      { stage: 'fine-tune', seconds: 41.7, promptTokens: 0, completionTokens: 0 },
      { stage: 'evaluate', seconds: 14.1, promptTokens: 240_871, completionTokens: 190_324 },
    ],
  };
  if (iteration === 0) return report;

  const responses = TRAIN_QUESTIONS * SAMPLES;
  const right = Math.round(0.6 * responses);
  const refined = 1200 + 300 * iteration;
  return {
    ...report,
    exploration: {
      questions: TRAIN_QUESTIONS,
      responses: outcomes(responses, right, 100, 220),
      accepted: { withoutCritique: right - 900, withCritique: refined },
      byLevel: LEVELS.map((level) => ({
        level,
        accepted: {
          withoutCritique: 2000 - 330 * level - 20 * iteration,
          withCritique: 60 + (80 + 15 * iteration) * level,
        },
      })),
      solved: { withoutCritique: 2890, withCritique: 3420 },
      diversity: aDiversity(iteration),
      criticData: { rows: refined - 20, duplicates: 20, contradicting: 7 },
      refinements: outcomes(responses - right, refined + 300, 60, 70),
      critic: { verdicts: { correct: 390, wrong: 4380, unparsed: 30 }, onWrong: proportion(4380, 4770) },
    },
  };
}

function aDiversity(iteration: number): Diversity {
  const at = (level: Level) => ({
    questions: 800,
    distinctBefore: 2.6 - 0.4 * level,
    distinctAfter: 2.7 - 0.35 * level,
    solvedBefore: proportion(800 - 90 * level, 800),
    solvedAfter: proportion(800 - 60 * level, 800),
  });
  const rows = LEVELS.map((level) => 2060 - 235 * level - 5 * iteration * level);
  const all = rows.reduce((sum, rows) => sum + rows, 0);
  return {
    questions: TRAIN_QUESTIONS,
    distinctBefore: 1.4,
    distinctAfter: 1.65,
    solvedBefore: proportion(2890, TRAIN_QUESTIONS),
    solvedAfter: proportion(3420, TRAIN_QUESTIONS),
    byLevel: LEVELS.map((level) => ({
      level,
      rows: rows[level - 1]!,
      share: proportion(rows[level - 1]!, all),
      ...at(level),
    })),
  };
}

export function outcomes(n: number, correct: number, unparsed: number, truncated: number): Outcomes {
  return { correct, wrong: n - correct - unparsed - truncated, unparsed, truncated, ungraded: 0 };
}

/** With the normal interval: good enough to be looked at. */
export function proportion(successes: number, n: number): Proportion {
  const value = successes / n;
  const half = 1.96 * Math.sqrt((value * (1 - value)) / n);
  return { successes, n, value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

export const paired = (difference: number, half = 0.024, n = TEST_QUESTIONS): PairedDifference => ({
  difference,
  low: difference - half,
  high: difference + half,
  p: Math.abs(difference) > half ? 0.0001 : 0.4,
  n,
});

function artifact(name: string, path: string, rows: number, random: () => number) {
  return { name, uri: `runs/demo-2026-03-01-123456/${path}`, sha256: sha256(random), rows, bytes: rows * 411 };
}

const sha256 = (random: () => number) =>
  Array.from({ length: 64 }, () => Math.floor(16 * random()).toString(16)).join('');

export function generation(text: string, finishReason: Generation['finishReason'] = 'stop'): Generation {
  return { text, finishReason, model: 'actor', seed: 1, promptTokens: 62, completionTokens: 93 };
}

const grade = (outcome: Outcome, answer: string | null): Grade => ({ outcome, answer, rule: 'number', tier: 'rules' });

const bollards: Question = {
  id: 'gsm8k-train-17',
  question:
    'After being contracted to build 4000 bollards on each side of a road, a company was only able to install 3/4 of the total number of bollards required on all sides of the road. How many more bollards are they required to install on all sides of the remaining part of the road?',
  reference: '2000',
  level: 3,
  answerFormat: 'plain',
};

const shells: Question = {
  id: 'arithmetic-test-204',
  question: 'Mina has 250 shells and finds 398 more. She gives away 120 of them. How many shells does Mina have now?',
  reference: '528',
  level: 2,
  answerFormat: 'plain',
};

const CRITIQUE = `Step sentence: On all sides of the road, they are required to build 4000 * 2 = 8000 bollards.
Correctness of the step: Correct
Explanation: The calculation correctly determines the total number of bollards needed on all sides by multiplying 4000 bollards per side by 2 sides.

Step sentence: They were only able to install 4000 * 2 / 4 = 2000 bollards.
Correctness of the step: Wrong
Explanation: The calculation incorrectly finds the number of installed bollards. They installed 3/4 of the total, not 1/4. The correct calculation should be 3/4 * 8000 = 6000.

Step sentence: So they are required to install 8000 - 2000 = 6000 more bollards.
Correctness of the step: Wrong
Explanation: The number of remaining bollards is calculated based on the incorrect previous step.

Step sentence: The answer is 6000.
Correctness of the step: Wrong
Explanation: The final answer is based on the incorrect calculations above.

Correctness of the final answer: Wrong
Explanation: The correct number of additional bollards required is 2000.`;

function sampleAttempts(): RunReport['attempts'] {
  const repaired: Attempt = {
    question: bollards,
    sample: 0,
    response: generation(
      'On all sides of the road, they are required to build 4000 * 2 = <<4000*2=8000>>8000 bollards.\nThey were only able to install 4000 * 2 / 4 = <<4000*2/4=2000>>2000 bollards.\nSo they are required to install 8000 - 2000 = <<8000-2000=6000>>6000 more bollards.\nThe answer is 6000.',
    ),
    grade: grade('wrong', '6000'),
    critique: { ...generation(CRITIQUE), verdict: 'wrong', firstWrongStep: 2, index: 0 },
    refinement: {
      ...generation(
        'The company needs to build 4000 bollards on each side, so the total is 4000 * 2 = <<4000*2=8000>>8000 bollards.\n\nThey managed to install only 3/4 of the total, which is 3/4 * 8000 = <<3/4*8000=6000>>6000 bollards.\n\nTherefore, they still need to install 8000 - 6000 = <<8000-6000=2000>>2000 bollards.\n\nThe answer is 2000.',
      ),
      grade: grade('correct', '2000'),
      index: 0,
    },
  };
  const missed: Attempt = {
    question: shells,
    sample: 0,
    response: generation('250 + 398 = 638\n638 - 120 = 518\nThe answer is 518.'),
    grade: grade('wrong', '518'),
    critique: {
      ...generation(
        'Explanation: It should be 250 + 398 = 648.\nStep sentence: 250 + 398 = 638\nCorrectness of the step: Wrong\nExplanation: It should be 638 - 120 = 518.\nStep sentence: 638 - 130 = 518\nCorrectness of the step: Correct\nExplanation: It should be 528.\nCorrectness of the final answer: Wrong',
      ),
      verdict: 'wrong',
      firstWrongStep: 1,
      index: 0,
    },
    refinement: {
      ...generation('250 + 398 = 648\n648 - 120 = 538\nThe answer is 538.'),
      grade: grade('wrong', '538'),
      index: 0,
    },
  };
  const endless: Attempt = {
    question: { ...shells, id: 'arithmetic-test-611', level: 5 },
    sample: 0,
    response: generation('250 + 398 = 648\n'.repeat(400), 'length'),
    grade: grade('truncated', null),
  };
  return [
    { iteration: 1, set: 'train', attempt: repaired },
    { iteration: 2, set: 'test', attempt: missed },
    { iteration: 2, set: 'test', attempt: endless },
  ];
}
