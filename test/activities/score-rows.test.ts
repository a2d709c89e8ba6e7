import { afterAll, describe, expect, it } from 'vitest';
import {
  type EvaluationManifest,
  isFinished,
  type PassFiles,
  placesOf,
  planOf,
} from '../../src/activities/evaluation-files.ts';
import { scoreRows } from '../../src/activities/score-rows.ts';
import { flaw, questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { GradingThreads } from '../../src/backends/grading/threads.ts';
import { writeRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { Evaluate, type EvaluateInput } from '../../src/config/evaluate.ts';
import type { Gate } from '../../src/method/gates.ts';
import { randomFrom } from '../../src/method/random.ts';
import type { Attempt, Outcome } from '../../src/method/rows.ts';
import type { Place } from '../../src/method/supervision/collect.ts';
import type { Reviewer } from '../../src/method/supervision/scored.ts';
import { keyOf } from '../../src/method/supervision/strategies.ts';
import type { SupervisionSummary } from '../../src/method/supervision/summary.ts';
import { anAttempt } from '../support/attempts.ts';
import { temporaryFolder } from '../support/folder.ts';

const threads = new GradingThreads({ threads: 1 });
afterAll(() => threads.close());

const aConfig = (input: Partial<EvaluateInput> = {}) =>
  Evaluate.parse({
    actor: { model: 'actor' },
    critic: { model: 'critic' },
    questions: { source: 'gsm8k', split: 'test' },
    ...input,
  });

/** The rows of a pass, by stage and shard; a shard may be told to have been cut short. */
interface PassRows extends Place {
  pass: string;
  sampled?: Attempt[][];
  critiqued?: Attempt[][];
  refined?: Attempt[][];
  partial?: { stage: 'sampled' | 'critiqued' | 'refined'; shard: number };
  used?: PassFiles['used'];
}

async function write(store: FolderStore, { partial, used = [], ...rows }: PassRows): Promise<PassFiles> {
  const stage = async (name: 'sampled' | 'critiqued' | 'refined') => {
    const shards = rows[name];
    if (!shards) return null;
    const artifacts = shards.map((shard, i) => writeRows(store, `run/${rows.pass}/${name}/shard-${i}.jsonl`, shard));
    return {
      shards: (await Promise.all(artifacts)).map((artifact, shard) => ({
        artifact,
        partial: partial?.stage === name && partial.shard === shard,
      })),
      tokens: { prompt: 0, completion: 0 },
    };
  };
  const { pass, on, reviewer, round } = rows;
  const [sampled, critiqued, refined] = [await stage('sampled'), await stage('critiqued'), await stage('refined')];
  return { pass, on, reviewer, ...(round !== undefined && { round }), sampled, critiqued, refined, used };
}

async function score(
  config: EvaluationManifest['config'],
  passes: PassRows[],
  { status = 'completed' as EvaluationManifest['status'], by = threads, progress = { rows: 0, voted: 0 } } = {},
) {
  const store = new FolderStore(await temporaryFolder());
  const files: PassFiles[] = [];
  for (const pass of passes) files.push(await write(store, pass));
  return await scoreRows({ store, threads: by }, { config, passes: files, status }, progress);
}

const measuresOf = ({ measures }: SupervisionSummary) => new Map(measures.map((each) => [keyOf(each), each]));

describe('the rows of an evaluation', () => {
  // Random texts, and what they come to by plain arithmetic.
  const RIGHT = ['0.5', '1/2', '2/4'];
  const WRONG = ['2', '4/2', '3', '3.0', '-1'];
  const QUESTIONS = 72; // more than are voted on at once
  const SHARDS = 3;
  const SAMPLES = 4;
  const REVIEWED = 3;
  const ROUNDS = 2;
  const GATES: Gate[] = ['always', 'verdict', 'oracle'];

  interface Text {
    outcome: Outcome;
    answer: string | null;
  }
  interface Review {
    verdict: 'correct' | 'wrong' | 'unparsed';
    refinement: Text;
  }
  interface Drawn extends Text {
    reviews: Record<Reviewer, Review>;
  }
  interface Asked {
    id: string;
    greedy: Drawn;
    samples: Drawn[];
    /** Of each round of the chain; the first one's verdict is that of the first sample. */
    rounds: Review[];
  }

  const random = randomFrom(5);
  const pick = <T>(choices: readonly T[]) => choices[random.int(choices.length)]!;
  const text = (): Text => {
    const outcome = pick<Outcome>(['correct', 'correct', 'correct', 'wrong', 'wrong', 'wrong', 'unparsed', 'ungraded']);
    if (outcome === 'correct') return { outcome, answer: pick(RIGHT) };
    return { outcome, answer: outcome === 'unparsed' ? null : pick(WRONG) };
  };
  const review = (): Review => ({ verdict: pick(['correct', 'wrong', 'wrong', 'unparsed']), refinement: text() });
  const draw = (): Drawn => ({ ...text(), reviews: { critic: review(), self: review() } });
  const ASKED = Array.from({ length: QUESTIONS }, (_, i): Asked => {
    const samples = Array.from({ length: SAMPLES }, draw);
    const rounds = Array.from({ length: ROUNDS }, review);
    rounds[0]!.verdict = samples[0]!.reviews.critic.verdict;
    return { id: `q-${i}`, greedy: draw(), samples, rounds };
  });
  const shardOf = (question: Asked) => Math.floor((ASKED.indexOf(question) * SHARDS) / QUESTIONS);

  const isBad = ({ outcome }: Text) => ['wrong', 'unparsed', 'truncated'].includes(outcome);
  const opens = (gate: Gate, before: Text, { verdict }: Review) =>
    ({ always: true, verdict: verdict === 'wrong', oracle: isBad(before) })[gate];

  /** The passes of a run with these gates, as its stages leave them. */
  function passesOf(gates: Gate[]): PassRows[] {
    const byShard = (rowsOf: (question: Asked) => Attempt[]) =>
      Array.from({ length: SHARDS }, (_, shard) => ASKED.filter((each) => shardOf(each) === shard).flatMap(rowsOf));
    const isCritiqued = (before: Text) => gates.some((gate) => gate !== 'oracle' || isBad(before));
    const isRefined = (before: Text, made: Review) =>
      isCritiqued(before) && gates.some((gate) => opens(gate, before, made));
    const row = (id: string, sample: number, before: Text, made?: Review, refined = false) =>
      anAttempt({
        id,
        sample,
        outcome: before.outcome,
        answer: before.answer,
        ...(made && { verdict: made.verdict }),
        ...(made && refined && { refined: made.refinement.outcome, refinedAnswer: made.refinement.answer }),
      });
    const reviewed = (reviewer: Reviewer, drawsOf: (question: Asked) => Drawn[]) => ({
      reviewer,
      critiqued: byShard((question) =>
        drawsOf(question).flatMap((draw, sample) =>
          isCritiqued(draw) ? [row(question.id, sample, draw, draw.reviews[reviewer])] : [],
        ),
      ),
      refined: byShard((question) =>
        drawsOf(question).flatMap((draw, sample) => {
          const made = draw.reviews[reviewer];
          return isRefined(draw, made) ? [row(question.id, sample, draw, made, true)] : [];
        }),
      ),
    });
    const drawn = (drawsOf: (question: Asked) => Drawn[]) =>
      byShard((question) => drawsOf(question).map((draw, sample) => row(question.id, sample, draw)));
    const greedy = ({ greedy }: Asked) => [greedy];
    const first = ({ samples }: Asked) => samples.slice(0, REVIEWED);
    /** What the second round goes on from. */
    const goesOn = ({ samples, rounds }: Asked) => isRefined(samples[0]!, rounds[0]!);
    const second = (refined: boolean) =>
      byShard((question) => {
        const [before, made] = [question.rounds[0]!.refinement, question.rounds[1]!];
        if (!goesOn(question) || !(refined ? isRefined(before, made) : isCritiqued(before))) return [];
        return [{ ...row(question.id, 0, before, made, refined), round: 2 }];
      });
    return [
      { pass: 'greedy', on: 'greedy', sampled: drawn(greedy), ...reviewed('critic', greedy) },
      { pass: 'samples', on: 'samples', sampled: drawn(({ samples }) => samples), ...reviewed('critic', first) },
      { pass: 'self-greedy', on: 'greedy', ...reviewed('self', greedy) },
      { pass: 'self-samples', on: 'samples', ...reviewed('self', first) },
      {
        pass: 'round-1',
        on: 'chain',
        reviewer: 'critic',
        round: 1,
        refined: byShard((question) => {
          const [initial] = question.samples;
          return goesOn(question) ? [row(question.id, 0, initial!, question.rounds[0], true)] : [];
        }),
      },
      { pass: 'round-2', on: 'chain', reviewer: 'critic', round: 2, critiqued: second(false), refined: second(true) },
    ];
  }

  const configOf = (gates: Gate[]) =>
    aConfig({
      samples: SAMPLES,
      samplesWithCritic: REVIEWED,
      ks: [1, 2, 3, 4],
      gates,
      selfCorrection: {},
      sequential: { rounds: ROUNDS },
    });

  type Supervision = { reviewer: Reviewer; gate: Gate } | null;
  type Tell = (answer: string) => string | number;
  const byMeaning: Tell = (answer) => {
    const [above, below = 1] = answer.split('/').map(Number);
    return above! / below;
  };

  const final = (draw: Drawn, supervision: Supervision): Text => {
    const review = supervision && draw.reviews[supervision.reviewer];
    return review && opens(supervision.gate, draw, review) ? review.refinement : draw;
  };
  const graded = (texts: Text[]) => texts.filter(({ outcome }) => outcome !== 'ungraded');
  const share = (texts: Text[]) => texts.filter(({ outcome }) => outcome === 'correct').length / texts.length;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const subsets = <T>(all: T[], k: number): T[][] =>
    k === 0 ? [[]] : all.flatMap((each, i) => subsets(all.slice(i + 1), k - 1).map((rest) => [each, ...rest]));

  function vote(texts: Text[], tell: Tell): number {
    const votes = new Map<string | number, { count: number; right: boolean }>();
    for (const { answer, outcome } of texts) {
      if (answer === null) continue;
      const { count } = votes.get(tell(answer)) ?? { count: 0 };
      votes.set(tell(answer), { count: count + 1, right: outcome === 'correct' });
    }
    const most = Math.max(...[...votes.values()].map(({ count }) => count));
    const tied = [...votes.values()].filter(({ count }) => count === most);
    return tied.length === 0 ? 0 : tied.filter(({ right }) => right).length / tied.length;
  }

  function chain({ samples, rounds }: Asked, gate: Gate): Text[] {
    const texts: Text[] = [];
    let newest: Text = samples[0]!;
    let goesOn = true;
    for (const review of rounds) {
      goesOn = goesOn && opens(gate, newest, review);
      if (goesOn) newest = review.refinement;
      texts.push(newest);
    }
    return texts;
  }

  /** The mean over the questions that have a score, and how many these are. */
  function naive(asked: Asked[], scoreOf: (question: Asked) => number | null) {
    const scores = asked.map(scoreOf).filter((score) => score !== null);
    return { value: expect.closeTo(mean(scores), 10), n: scores.length };
  }
  const naiveGreedy = (asked: Asked[], supervision: Supervision) =>
    naive(asked, ({ greedy }) => {
      const texts = graded([final(greedy, supervision)]);
      return texts.length === 0 ? null : share(texts);
    });
  const naiveSamples = (
    asked: Asked[],
    supervision: Supervision,
    k: number,
    scoreOf: (texts: Text[], k: number) => number,
  ) =>
    naive(asked, ({ samples }) => {
      const drawn = samples.slice(0, supervision ? REVIEWED : SAMPLES).map((draw) => final(draw, supervision));
      const texts = graded(drawn);
      return texts.length < k ? null : scoreOf(texts, k);
    });
  const maj =
    (tell: Tell) =>
    (texts: Text[], k: number): number =>
      mean(subsets(texts, k).map((subset) => vote(subset, tell)));
  const pass = (texts: Text[], k: number) =>
    mean(subsets(texts, k).map((subset) => Number(subset.some(({ outcome }) => outcome === 'correct'))));

  /** Of response only. */
  const naively = (tell: Tell) => ({
    greedy: naiveGreedy(ASKED, null),
    sampled: naiveSamples(ASKED, null, 1, share),
    ...Object.fromEntries([1, 2, 3, 4].map((k) => [`maj@${k}`, naiveSamples(ASKED, null, k, maj(tell))])),
    ...Object.fromEntries([1, 2, 3, 4].map((k) => [`pass@${k}`, naiveSamples(ASKED, null, k, pass)])),
  });
  /** Of a reviewer, where these questions' work on each is known. */
  function naivelyWith(supervision: NonNullable<Supervision>, known: { greedy: Asked[]; samples: Asked[] }) {
    const under = ` ${supervision.reviewer} ${supervision.gate}`;
    const { greedy, samples } = known;
    return {
      [`greedy${under}`]: naiveGreedy(greedy, supervision),
      [`sampled${under}`]: naiveSamples(samples, supervision, 1, share),
      [`maj@3${under}`]: naiveSamples(samples, supervision, 3, maj(byMeaning)),
      [`maj@2${under}`]: naiveSamples(samples, supervision, 2, maj(byMeaning)),
      [`pass@2${under}`]: naiveSamples(samples, supervision, 2, pass),
    };
  }
  function naiveChain(gate: Gate, rounds: { first: Asked[]; second: Asked[] }) {
    const last = (k: number) => (question: Asked) => {
      const texts = graded(chain(question, gate).slice(k - 1, k));
      return texts.length === 0 ? null : share(texts);
    };
    return {
      [`sequential-last@1 critic ${gate}`]: naive(rounds.first, last(1)),
      [`sequential-last@2 critic ${gate}`]: naive(rounds.second, last(2)),
      [`sequential-vote@2 critic ${gate}`]: naive(rounds.second, (question) => {
        const texts = graded(chain(question, gate));
        return texts.length === 0 ? null : vote(texts, byMeaning);
      }),
    };
  }

  /** What was measured of the strategies that are expected. */
  function scoresLike(summary: SupervisionSummary, expected: object) {
    const measures = measuresOf(summary);
    return Object.fromEntries(
      Object.keys(expected).map((key) => {
        const { value, n } = measures.get(key)!.score;
        return [key, { value, n }];
      }),
    );
  }

  const ALL = { greedy: ASKED, samples: ASKED };

  it.each([[GATES], [['always']], [['verdict']], [['oracle']]] as [Gate[]][])(
    'score as one counts, response only and with each reviewer, in a run of %j',
    async (gates) => {
      const { summary, warnings } = await score(configOf(gates), passesOf(gates));
      const expected = {
        ...naively(byMeaning),
        ...Object.assign({}, ...gates.map((gate) => naivelyWith({ reviewer: 'critic', gate }, ALL))),
        ...Object.assign({}, ...gates.map((gate) => naivelyWith({ reviewer: 'self', gate }, ALL))),
        ...Object.assign({}, ...gates.map((gate) => naiveChain(gate, { first: ASKED, second: ASKED }))),
      };
      expect(scoresLike(summary, expected)).toEqual(expected);
      expect(summary.questions).toBe(QUESTIONS);
      expect(warnings).toEqual([]);
    },
  );

  it('score the same twice, and say how far they are', async () => {
    const passes = passesOf(GATES);
    const rows = passes.flatMap(({ sampled = [], critiqued = [], refined = [] }) =>
      [sampled, critiqued, refined].flat(2),
    );
    const progress = { rows: 0, voted: 0 };
    const once = await score(configOf(GATES), passes, { progress });
    expect(progress).toEqual({ rows: rows.length, voted: QUESTIONS });
    expect(once.scores.map(({ id }) => id)).toEqual(ASKED.map(({ id }) => id));
    expect(await score(configOf(GATES), passes)).toEqual(once);
  });

  it('count their outcomes by pass, of what was made in it', async () => {
    const { outcomes } = await score(configOf(['verdict']), passesOf(['verdict']));
    const count = (texts: Text[]) => ({
      correct: texts.filter(({ outcome }) => outcome === 'correct').length,
      wrong: texts.filter(({ outcome }) => outcome === 'wrong').length,
      unparsed: texts.filter(({ outcome }) => outcome === 'unparsed').length,
      truncated: 0,
      ungraded: texts.filter(({ outcome }) => outcome === 'ungraded').length,
    });
    const refined = (reviewer: Reviewer, draws: Drawn[]) =>
      draws.flatMap(({ reviews }) => (reviews[reviewer].verdict === 'wrong' ? [reviews[reviewer].refinement] : []));
    const greedy = ASKED.map(({ greedy }) => greedy);
    const samples = ASKED.flatMap(({ samples }) => samples);
    const reviewed = ASKED.flatMap(({ samples }) => samples.slice(0, REVIEWED));
    const first = ASKED.filter(({ rounds }) => rounds[0]!.verdict === 'wrong').map(({ rounds }) => rounds);
    const second = first.filter((rounds) => rounds[1]!.verdict === 'wrong');
    expect(outcomes).toEqual([
      { texts: 'greedy, responses', outcomes: count(greedy) },
      { texts: 'greedy, refinements', outcomes: count(refined('critic', greedy)) },
      { texts: 'samples, responses', outcomes: count(samples) },
      { texts: 'samples, refinements', outcomes: count(refined('critic', reviewed)) },
      { texts: 'self-greedy, refinements', outcomes: count(refined('self', greedy)) },
      { texts: 'self-samples, refinements', outcomes: count(refined('self', reviewed)) },
      { texts: 'round-1, refinements', outcomes: count(first.map((rounds) => rounds[0]!.refinement)) },
      { texts: 'round-2, refinements', outcomes: count(second.map((rounds) => rounds[1]!.refinement)) },
    ]);
  });

  it('of a run that was stopped measure a reviewer on what it finished, and response only on all', async () => {
    const isFirst = (question: Asked) => shardOf(question) === 0;
    const passes = passesOf(GATES)
      .filter(({ pass }) => !['self-samples', 'round-2'].includes(pass))
      .map((pass): PassRows => {
        if (pass.pass === 'samples') return { ...pass, partial: { stage: 'refined', shard: 1 } };
        if (pass.pass === 'self-greedy') return { ...pass, refined: pass.refined!.slice(0, 2) };
        if (pass.pass === 'round-1') return { ...pass, partial: { stage: 'refined', shard: 0 } };
        return pass;
      });
    const { summary, scores } = await score(configOf(GATES), passes, { status: 'stopped' });
    const withoutSecond = ASKED.filter((question) => shardOf(question) !== 1);
    const withoutFirst = ASKED.filter((question) => !isFirst(question));
    const expected = {
      ...naively(byMeaning),
      ...naivelyWith({ reviewer: 'critic', gate: 'always' }, { greedy: ASKED, samples: withoutSecond }),
      ...naivelyWith({ reviewer: 'critic', gate: 'oracle' }, { greedy: ASKED, samples: withoutSecond }),
    };
    expect(scoresLike(summary, expected)).toEqual(expected);
    const measures = measuresOf(summary);
    for (const gate of GATES) {
      // One was interrupted among its shards, one was never begun.
      expect(measures.get(`greedy self ${gate}`)!.score).toMatchObject({ value: null, n: 0 });
      expect(measures.get(`maj@2 self ${gate}`)!.score).toMatchObject({ value: null, n: 0 });
      const { [`sequential-last@1 critic ${gate}`]: first } = naiveChain(gate, { first: withoutFirst, second: [] });
      expect(measures.get(`sequential-last@1 critic ${gate}`)!.score).toMatchObject(first!);
      expect(measures.get(`sequential-last@2 critic ${gate}`)!.score).toMatchObject({ value: null, n: 0 });
    }
    expect(scores.map(({ rounds }) => rounds)).toEqual(ASKED.map((question) => (isFirst(question) ? 0 : 1)));
  });

  it('of a run that is complete lack a round only where there was nothing to refine', async () => {
    const passes = passesOf(['verdict']).filter(({ pass }) => pass !== 'round-2');
    const { scores } = await score(configOf(['verdict']), passes);
    expect(scores.map(({ rounds }) => rounds)).toEqual(ASKED.map(() => undefined));
    const stopped = await score(configOf(['verdict']), passes, { status: 'stopped' });
    expect(stopped.scores.map(({ rounds }) => rounds)).toEqual(ASKED.map(() => 1));
  });

  it('are voted on as they are written where they cannot be compared, with a warning', async () => {
    const passes = passesOf(['always']);
    const run = async (tasks: unknown[]) => tasks.map(() => ({ failed: 'killed', ms: 1 }));
    const { summary, warnings } = await score(configOf(['always']), passes, {
      by: { run } as unknown as GradingThreads,
    });
    const expected = naively((answer) => answer);
    expect(scoresLike(summary, expected)).toEqual(expected);
    // They do tell the difference.
    expect(scoresLike(summary, expected)).not.toEqual(naively(byMeaning));
    expect(warnings).toEqual([expect.stringContaining(`answers to ${QUESTIONS} of ${QUESTIONS} questions`)]);
    expect(warnings[0]).toContain('(q-0, q-1, q-2)');
  });
});

describe('answers', () => {
  const drawn = (id: string, ...answers: [string, Outcome][]) =>
    answers.map(([answer, outcome], sample) => anAttempt({ id, sample, answer, outcome }));
  const samples = (...rows: Attempt[][]): PassRows[] => [
    { pass: 'samples', on: 'samples', reviewer: null, sampled: [rows.flat()] },
  ];
  const config = aConfig({ critic: null, samples: 3 });
  const ROWS = samples(
    drawn('half', ['0.5', 'correct'], ['2', 'wrong'], ['1/2', 'correct']),
    drawn('third', ['1/3', 'correct'], ['2', 'wrong'], ['\\frac{2}{6}', 'correct']),
  );

  it('that differ in form only are one class', async () => {
    const { scores, summary } = await score(config, ROWS);
    expect(scores).toMatchObject([
      { id: 'half', classes: [true, false], samples: [{ class: 0 }, { class: 1 }, { class: 0 }] },
      { id: 'third', classes: [true, false], samples: [{ class: 0 }, { class: 1 }, { class: 0 }] },
    ]);
    expect(measuresOf(summary).get('maj@3')!.score.value).toBe(1);
  });

  it('of one question that cannot be compared leave the others alone', async () => {
    const run: GradingThreads['run'] = async (tasks) => {
      const done = await threads.run(tasks);
      return done.map((each, i) => (i === 0 ? { failed: 'killed' as const, ms: 1 } : each));
    };
    const { scores, summary, warnings } = await score(config, ROWS, { by: { run } as GradingThreads });
    expect(scores.map(({ classes }) => classes)).toEqual([
      [true, false, true],
      [true, false],
    ]);
    // Three that tie, two of them right; and a majority.
    expect(measuresOf(summary).get('maj@3')!.score.value).toBeCloseTo((2 / 3 + 1) / 2);
    expect(warnings).toEqual([
      'The answers to 1 of 2 questions could not be compared with each other (half): in votes on them, answers count as they are written.',
    ]);
  });

  it('are compared by the policies of the run', async () => {
    const rows = samples(drawn('q', ['50', 'wrong'], ['50%', 'wrong']));
    const classesWith = async (percent: 'lenient' | 'strict') => {
      const oracle = { policies: { percent } };
      return (await score(aConfig({ critic: null, samples: 2, oracle }), rows)).scores[0]!.classes;
    };
    expect(await classesWith('lenient')).toHaveLength(1);
    expect(await classesWith('strict')).toHaveLength(2);
  });
});

describe('the first wrong step', () => {
  const QUESTIONS = [...questions({ seed: 1, split: 'test', count: 12 })];
  const random = randomFrom(3);
  const flaws = QUESTIONS.map((question) => flaw(question, random, { calculation: 1 }));
  /** Critiques of the first half name the step, the others the one after. */
  const named = flaws.map(({ step }, i) => (i < 6 ? step : step + 1));
  const rowOf = (outcome: Outcome, textOf: (i: number) => string) => (_: unknown, i: number) => {
    const row = anAttempt({ text: textOf(i), outcome, verdict: 'wrong', refined: 'wrong' });
    return { ...row, question: QUESTIONS[i]!, critique: { ...row.critique!, firstWrongStep: named[i]! } };
  };
  const greedy = (rows: Attempt[]): PassRows[] => [
    { pass: 'greedy', on: 'greedy', reviewer: 'critic', sampled: [rows], critiqued: [rows], refined: [rows] },
  ];
  const ARITHMETIC = { source: 'arithmetic', split: 'test', count: 12 } as const;
  const stepsOf = async (dataset: EvaluateInput['questions'], rows: Attempt[]) => {
    const { scores, summary } = await score(aConfig({ questions: dataset }), greedy(rows));
    return { steps: scores.map(({ greedy }) => greedy!.firstWrongStep), measured: summary.reviews[0]!.firstWrongStep };
  };

  it('is known in the arithmetic world, of what is wrong', async () => {
    const { steps, measured } = await stepsOf(ARITHMETIC, QUESTIONS.map(rowOf('wrong', (i) => flaws[i]!.response)));
    expect(steps).toEqual(flaws.map(({ step }) => step));
    expect(new Set(steps).size).toBeGreaterThan(1);
    expect(measured).toMatchObject({ value: 0.5, n: 12 });
  });

  it.each(['correct', 'unparsed', 'truncated', 'ungraded'] as const)('is none of what is %s', async (outcome) => {
    const { steps } = await stepsOf(ARITHMETIC, QUESTIONS.map(rowOf(outcome, (i) => flaws[i]!.response)));
    expect(steps).toEqual(QUESTIONS.map(() => null));
  });

  it('is not known elsewhere', async () => {
    const rows = QUESTIONS.map(rowOf('wrong', (i) => flaws[i]!.response));
    const { steps, measured } = await stepsOf({ source: 'gsm8k', split: 'test' }, rows);
    expect(steps).toEqual(QUESTIONS.map(() => null));
    expect(measured).toMatchObject({ value: null, n: 0 });
  });
});

describe('what strategies take', () => {
  const use = (stage: PassFiles['used'][number]['stage'], seconds: number, completion: number) => ({
    stage,
    seconds,
    tokens: { prompt: 1000, completion },
  });
  // Every text of 10 prompt and 5 completion tokens.
  const made = anAttempt({ outcome: 'wrong', verdict: 'wrong', refined: 'correct', answer: '4' });
  const { critique: _, refinement: __, ...response } = made;
  const other = { ...response, sample: 1 };
  const reviewed = { critiqued: [[made]], refined: [[made]] };
  const PASSES: PassRows[] = [
    {
      ...{ pass: 'greedy', on: 'greedy', reviewer: 'critic', sampled: [[response]], ...reviewed },
      used: [use('sample', 4, 8), use('critique', 3, 6), use('refine', 1, 10)],
    },
    {
      ...{ pass: 'samples', on: 'samples', reviewer: 'critic', sampled: [[response, other]], ...reviewed },
      used: [use('sample', 30, 40), use('critique', 9, 6), use('refine', 4, 10)],
    },
    {
      ...{ pass: 'self-greedy', on: 'greedy', reviewer: 'self', ...reviewed },
      used: [use('critique', 14, 7), use('refine', 2, 8)],
    },
    {
      ...{ pass: 'round-1', on: 'chain', reviewer: 'critic', round: 1, refined: [[made]] },
      used: [use('refine', 5, 5)],
    },
  ];
  const usesOf = async (actorPrice: object, criticPrice: object, passes = PASSES) => {
    const config = aConfig({
      actor: { model: 'actor', ...actorPrice },
      critic: { model: 'critic', ...criticPrice },
      samples: 2,
      samplesWithCritic: 1,
      gates: ['always'],
      selfCorrection: {},
      sequential: { rounds: 1 },
    });
    const measures = measuresOf((await score(config, passes)).summary);
    const uses = [
      'greedy',
      'greedy critic always',
      'greedy self always',
      'sampled',
      'maj@2',
      'sequential-last@1 critic always',
    ];
    return uses.map((key) => {
      const { seconds, cost } = measures.get(key)!.use;
      return [key, seconds, cost === null ? null : cost * 1e6];
    });
  };
  const close = (value: number) => expect.closeTo(value, 9);

  it('is their stages’ wall clock by the token, and the price of each model', async () => {
    // By the token: greedy 4/8, samples 30/40, critic 12/12, refining for it 10/25, the actor as a critic 14/7, refining for that 2/8.
    const priced = { price: { prompt: 1, completion: 2 } };
    const dear = { price: { prompt: 10, completion: 20 } };
    expect(await usesOf(priced, dear)).toEqual([
      ['greedy', close(2.5), close(20)],
      ['greedy critic always', close(2.5 + 5 + 2), close(20 + 200 + 20)],
      ['greedy self always', close(2.5 + 10 + 1.25), close(60)],
      ['sampled', close(3.75), close(20)],
      ['maj@2', close(7.5), close(40)],
      ['sequential-last@1 critic always', close(3.75 + 5 + 2), close(240)],
    ]);
  });

  it('has a cost where one of its models has a price', async () => {
    const costs = async (actor: object, critic: object) => (await usesOf(actor, critic)).map(([, , cost]) => cost);
    expect(await costs({}, {})).toEqual([null, null, null, null, null, null]);
    const price = { price: { prompt: 10, completion: 20 } };
    expect(await costs({}, price)).toEqual([null, close(200), null, null, null, close(200)]);
    expect(await costs(price, {})).toEqual([200, 400, 600, 200, 400, 400].map(close));
  });

  it('is no time where nothing was generated', async () => {
    const idle = PASSES.map((pass) => ({ ...pass, used: pass.used!.map(({ stage }) => use(stage, 3, 0)) }));
    expect((await usesOf({}, {}, idle)).map(([, seconds]) => seconds)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('a pass', () => {
  const stage = (...partial: boolean[]) => ({
    shards: partial.map((each) => ({ artifact: { uri: 'x', sha256: '', rows: 0, bytes: 0 }, partial: each })),
    tokens: { prompt: 0, completion: 0 },
  });
  const whole = stage(false, false);
  const finished = (files: Partial<PassFiles>) => {
    const pass = {
      pass: 'p',
      on: 'greedy',
      reviewer: 'critic',
      used: [],
      sampled: null,
      critiqued: null,
      refined: null,
    };
    return [0, 1].map((shard) => isFinished({ ...pass, ...files } as PassFiles, shard, 2));
  };

  it('has finished the shards that are whole in all its stages', () => {
    expect(finished({ sampled: whole, critiqued: whole, refined: whole })).toEqual([true, true]);
    expect(finished({ sampled: whole, critiqued: stage(true, false), refined: whole })).toEqual([false, true]);
    expect(finished({ sampled: whole, critiqued: whole, refined: stage(false, true) })).toEqual([true, false]);
    expect(finished({ sampled: stage(false, true), critiqued: whole, refined: stage(true, false) })).toEqual([
      false,
      false,
    ]);
    expect(finished({ critiqued: whole, refined: whole })).toEqual([true, true]);
    expect(finished({ refined: whole })).toEqual([true, true]);
  });

  it('has finished none where it did not come to refine, or ended among its shards', () => {
    expect(finished({ sampled: whole, critiqued: whole })).toEqual([false, false]);
    expect(finished({})).toEqual([false, false]);
    expect(finished({ sampled: whole, critiqued: whole, refined: stage(false) })).toEqual([false, false]);
    expect(finished({ sampled: stage(false), critiqued: stage(false), refined: stage(false) })).toEqual([false, false]);
  });

  it('is made of each set of responses for each reviewer, and of each round', () => {
    const placesIn = (input: Partial<EvaluateInput>) =>
      placesOf(planOf(aConfig(input))).map(({ on, reviewer, round }) =>
        [on, reviewer, round].filter(Boolean).join(' '),
      );
    expect(placesIn({ samples: 2, selfCorrection: {}, sequential: { rounds: 2 } })).toEqual([
      'greedy critic',
      'greedy self',
      'samples critic',
      'samples self',
      'chain critic 1',
      'chain critic 2',
    ]);
    expect(placesIn({})).toEqual(['greedy critic']);
    expect(placesIn({ samples: 2, samplesWithCritic: 0 })).toEqual(['greedy critic']);
    expect(placesIn({ samples: 2, critic: null, selfCorrection: {} })).toEqual(['greedy self', 'samples self']);
    expect(placesIn({ samples: 2, critic: null })).toEqual([]);
  });
});
