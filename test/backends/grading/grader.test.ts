import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import { Grader } from '../../../src/backends/grading/grader.ts';
import { readJudgement } from '../../../src/backends/grading/judge.ts';
import { MathVerify } from '../../../src/backends/grading/math-verify.ts';
import { GradingThreads } from '../../../src/backends/grading/threads.ts';
import { createEngines } from '../../../src/backends/inference/engines.ts';
import { Metrics } from '../../../src/backends/metrics.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Oracle } from '../../../src/config/oracle.ts';
import { FakeOpenAi, type FakeOptions } from '../../support/fake-openai.ts';
import { RecordingMeter } from '../../support/recording-meter.ts';

const [QUESTION] = [...questions({ seed: 1, split: 'train', count: 1 })];
const { reference } = QUESTION!;
const NAMED = `the number ${reference}`;
const LIMIT_MS = 500;

const engine = createEngines({ store: new FolderStore('.'), env: {}, python: () => Promise.reject(new Error()) });
const threads = new GradingThreads({ threads: 1 });
afterAll(() => threads.close());

const fakeMathVerify = async () => join(import.meta.dirname, 'fake-math-verify.mjs');

function grader(python = fakeMathVerify, metrics?: Metrics) {
  const mathVerify = new MathVerify({ python, processes: 2, limitMs: LIMIT_MS });
  onTestFinished(() => mathVerify.close());
  return new Grader({ engine, threads, mathVerify, metrics });
}

async function judgeOf(options: Partial<FakeOptions> = {}) {
  const fake = await FakeOpenAi.start({ questions: [QUESTION!], models: ['judge'], ...options });
  onTestFinished(() => fake.close());
  return { fake, oracle: { mathVerify: true, judge: { model: 'judge', endpoint: { baseUrl: fake.url } } } };
}

const signal = new AbortController().signal;

/** Grades answers as the ends of responses. */
async function ask(asked: Grader, oracle: object, ...answers: string[]) {
  const responses = answers.map((answer) => ({ text: `So \\boxed{${answer}}`, finishReason: 'stop' as const }));
  return await asked.grade({ question: QUESTION!, responses, oracle: Oracle.parse(oracle) }, signal);
}

/** The grades in short. */
const tiersOf = async (asked: Grader, oracle: object, ...answers: string[]) =>
  (await ask(asked, oracle, ...answers)).grades.map(({ outcome, tier }) => `${outcome} by ${tier}`);

describe('the rules alone', () => {
  it('decide by default, in the order of the responses', async () => {
    const alone = grader(() => Promise.reject(new Error('nobody asked for Math-Verify')));
    const answers = [reference, NAMED, `${reference}.0`, '-1'];
    expect(await ask(alone, {}, ...answers)).toMatchObject({
      grades: ['correct', 'wrong', 'correct', 'wrong'].map((outcome, i) => ({
        outcome,
        answer: answers[i],
        tier: 'rules',
        rule: expect.any(String),
      })),
      unanswered: [],
    });
  });

  it('follow the policies of the run file', async () => {
    const question = { ...QUESTION!, reference: '50\\%' };
    const outcomeOf = async (percent: 'lenient' | 'strict', answer: string) => {
      const responses = [{ text: `\\boxed{${answer}}`, finishReason: 'stop' as const }];
      const { grades } = await grader().grade(
        { question, responses, oracle: Oracle.parse({ policies: { percent } }) },
        signal,
      );
      return grades[0]!.outcome;
    };
    expect(await outcomeOf('lenient', '50')).toBe('correct');
    expect(await outcomeOf('strict', '50')).toBe('wrong');
    expect(await outcomeOf('strict', '0.5')).toBe('correct');
  });
});

it('grades what its threads do not survive as ungraded, never as wrong, and asks nobody else', async () => {
  const entry = join(import.meta.dirname, 'hostile-thread.mjs');
  const hostile = new GradingThreads({ threads: 1, entry, limitMs: LIMIT_MS });
  onTestFinished(() => hostile.close());
  const mathVerify = new MathVerify({ python: () => Promise.reject(new Error('nothing to ask')) });
  const responses = ['hang', 'throw', 'exit'].map((text) => ({ text, finishReason: 'stop' as const }));
  const request = { question: QUESTION!, responses, oracle: Oracle.parse({ mathVerify: true }) };
  const { grades } = await new Grader({ engine, threads: hostile, mathVerify }).grade(request, signal);
  expect(grades).toEqual(
    ['killed', 'crashed', 'crashed'].map((how) => ({
      outcome: 'ungraded',
      answer: null,
      rule: `the grader was ${how}`,
      tier: 'rules',
    })),
  );
});

describe('Math-Verify', () => {
  const oracle = { mathVerify: true };

  it('is asked about what the rules find wrong, and only adds to what is correct', async () => {
    expect(await tiersOf(grader(), oracle, reference, NAMED, '-1')).toEqual([
      'correct by rules',
      'correct by math-verify',
      'wrong by rules',
    ]);
  });

  it('is not asked about a response without an answer', async () => {
    const responses = [
      { text: 'I do not know', finishReason: 'stop' as const },
      { text: 'So \\boxed{1', finishReason: 'length' as const },
    ];
    const unasked = grader(() => Promise.reject(new Error('nothing to ask')));
    const { grades } = await unasked.grade({ question: QUESTION!, responses, oracle: Oracle.parse(oracle) }, signal);
    expect(grades.map(({ outcome }) => outcome)).toEqual(['unparsed', 'truncated']);
  });

  it('is asked once about the same answer of several responses', async () => {
    const { meter, series } = new RecordingMeter();
    const counted = grader(fakeMathVerify, new Metrics(meter));
    const { unanswered } = await ask(counted, oracle, 'count', 'count', 'count');
    expect(unanswered).toEqual(Array(3).fill({ tier: 'math-verify', reason: 'asked 1 times' }));
    expect(series).toMatchObject({
      critique_loop_grader_seconds: 1,
      'critique_loop_oracle_unanswered{tier="math-verify"}': 3,
    });
  });

  it('leaves the outcome of the rules where it hangs or dies, and is started again', async () => {
    const same = grader();
    const { grades, unanswered } = await ask(same, oracle, 'hang', NAMED, 'die', `${NAMED} `);
    expect(grades.map(({ outcome, tier }) => `${outcome} by ${tier}`)).toEqual([
      'wrong by rules',
      'correct by math-verify',
      'wrong by rules',
      'correct by math-verify',
    ]);
    expect(unanswered.map(({ reason }) => reason).sort()).toEqual([
      `Math-Verify did not answer within ${LIMIT_MS / 1000} s`,
      'Math-Verify ended (3)',
    ]);
    expect(await tiersOf(same, oracle, NAMED)).toEqual(['correct by math-verify']);
  });

  it('that cannot be started fails the request, rather than let the rules decide in silence', async () => {
    const without = grader(() => Promise.reject(new Error('no Python')));
    await expect(ask(without, oracle, '-1')).rejects.toThrow('no Python');
    const broken = grader(async () => process.execPath);
    await expect(ask(broken, oracle, '-1')).rejects.toThrow("Math-Verify can't be started");
  });

  it('stops waiting when the request is aborted', async () => {
    const abort = new AbortController();
    const responses = [{ text: '\\boxed{hang}', finishReason: 'stop' as const }];
    const graded = grader().grade({ question: QUESTION!, responses, oracle: Oracle.parse(oracle) }, abort.signal);
    setTimeout(() => abort.abort(new Error('enough')), 100);
    await expect(graded).rejects.toThrow('enough');
  });
});

describe('the judge', () => {
  it('decides where the rules and Math-Verify disagree, and is asked about nothing else', async () => {
    for (const [reply, decided] of [
      ['Yes.', 'correct by judge'],
      ['**No**', 'wrong by judge'],
    ] as const) {
      const { fake, oracle } = await judgeOf({ judge: () => reply });
      expect(await tiersOf(grader(), oracle, reference, NAMED, '-1')).toEqual([
        'correct by rules',
        decided,
        'wrong by rules',
      ]);
      expect(fake.requests).toMatchObject([{ kind: 'judge', temperature: 0, n: 1, model: 'judge', chat: true }]);
      const { prompt } = fake.requests[0]!;
      for (const part of [QUESTION!.question, `Reference answer: ${reference}`, JSON.stringify(NAMED)])
        expect(prompt).toContain(part);
    }
  });

  it('that says neither yes nor no decides nothing', async () => {
    const { oracle } = await judgeOf({ judge: () => 'Yes and no' });
    expect(await ask(grader(), oracle, NAMED)).toMatchObject({
      grades: [{ outcome: 'wrong', tier: 'rules' }],
      unanswered: [{ tier: 'judge' }],
    });
  });

  it('whose endpoint refuses the question decides nothing', async () => {
    const { fake, oracle } = await judgeOf({ judge: () => 'yes' });
    fake.fault = () => ({ status: 400 });
    expect(await ask(grader(), oracle, NAMED)).toMatchObject({
      grades: [{ tier: 'rules' }],
      unanswered: [{ tier: 'judge' }],
    });
  });

  it('that cannot be asked at all fails the request', async () => {
    const { fake, oracle } = await judgeOf({ models: ['another'] });
    await expect(ask(grader(), oracle, NAMED)).rejects.toMatchObject({ type: 'ModelNotFound' });
    expect(fake.requests).toHaveLength(0);
  });

  it.each([
    ['yes', true],
    ['No', false],
    [' "Yes."\n', true],
    ['yes, they are', null],
    ['no yes', null],
    ['', null],
    ['nope', null],
  ])('is read strictly: %j', (reply, judgement) => {
    expect(readJudgement(reply)).toBe(judgement);
  });
});
