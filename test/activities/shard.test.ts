import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityCancellationDetails, type ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { withFailures } from '../../src/activities/failures.ts';
import { type CritiqueTask, generateCritiques } from '../../src/activities/generate-critiques.ts';
import { impatient } from '../../src/activities/impatient.ts';
import { type SampleTask, sampleResponses } from '../../src/activities/sample-responses.ts';
import type { ShardResult } from '../../src/activities/shard.ts';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { Grader } from '../../src/backends/grading/grader.ts';
import { MathVerify } from '../../src/backends/grading/math-verify.ts';
import { GradingThreads } from '../../src/backends/grading/threads.ts';
import type { Engine } from '../../src/backends/inference/engine.ts';
import { createEngines } from '../../src/backends/inference/engines.ts';
import { type ArtifactRef, readRows, writeRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { Actor, Critic } from '../../src/config/models.ts';
import { Oracle } from '../../src/config/oracle.ts';
import { type Attempt, rowKey } from '../../src/method/rows.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { RecordingMeter } from '../support/recording-meter.ts';
import { smallDisk } from '../support/small-disk.ts';

const POOL = [...questions({ seed: 1, split: 'train', count: 40 })];

let folder: string;
let store: FolderStore;
let fake: FakeOpenAi;
let engine: Engine;
let pool: ArtifactRef;
let grader: Grader;
const threads = new GradingThreads({ threads: 1 });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  store = new FolderStore(join(folder, 'store'));
  fake = await FakeOpenAi.start({ questions: POOL, models: ['actor', 'critic'] });
  const python = () => Promise.reject(new Error('no Python here'));
  engine = createEngines({ store, env: {}, python });
  grader = new Grader({ engine, threads, mathVerify: new MathVerify({ python }) });
  pool = await writeRows(store, 'pool.jsonl', POOL);
});
afterEach(async () => {
  await fake.close();
  await rm(folder, { recursive: true, force: true });
});

afterAll(() => threads.close());

const config = (more: object = {}) => ({ base: 'actor', endpoint: { baseUrl: fake.url }, ...more });

/** The endpoint serves the actor under the name of its checkpoint. */
function sampleTask(more: Partial<SampleTask> = {}): SampleTask {
  const model = { config: Actor.parse(config()), checkpoint: { name: 'actor', uri: 'checkpoint', sha256: '' } };
  return {
    run: 'run',
    stage: 'iteration-1/sample',
    shard: 0,
    seed: 3,
    model,
    questions: pool,
    from: 0,
    to: 40,
    samples: 2,
    temperature: 0.7,
    oracle: Oracle.parse({}),
    ...more,
  };
}

const critiqueTask = (attempts: ArtifactRef): CritiqueTask => {
  const model = { config: Critic.parse({ model: 'critic', endpoint: { baseUrl: fake.url } }), checkpoint: null };
  return {
    run: 'run',
    stage: 'iteration-1/critique',
    shard: 0,
    seed: 3,
    model,
    attempts,
    gates: ['oracle'],
    critiques: 1,
  };
};

/** Activities in it fail in silence. */
const quietEnvironment = (info: { heartbeatDetails?: unknown } = {}, { meter: metricMeter } = new RecordingMeter()) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}), metricMeter });

const sample = (task: SampleTask, environment = quietEnvironment()): Promise<ShardResult> =>
  environment.run(withFailures(sampleResponses), { store, engine, grader }, task);

async function rowsOf(ref: ArtifactRef): Promise<Attempt[]> {
  const rows: Attempt[] = [];
  for await (const row of readRows<Attempt>(store, ref)) rows.push(row);
  return rows;
}

/** What a shard says about its rows, counted again. */
const totalsOf = (rows: Attempt[]): Pick<ShardResult, 'correct' | 'tokens'> => ({
  correct: rows.filter(({ grade }) => grade.outcome === 'correct').length,
  tokens: {
    prompt: rows.reduce((sum, { response }) => sum + response.promptTokens, 0),
    completion: rows.reduce((sum, { response }) => sum + response.completionTokens, 0),
  },
});

const failure = async (work: Promise<unknown>): Promise<ApplicationFailure> =>
  await work.then(
    () => {
      throw new Error('it succeeded');
    },
    (error) => error,
  );

describe('a shard', () => {
  it('covers its range of questions, in order, and adds up its tokens', async () => {
    const result = await sample(sampleTask({ from: 10, to: 30 }));
    const rows = await rowsOf(result.artifact);
    expect(rows.map(rowKey)).toEqual(POOL.slice(10, 30).flatMap(({ id }) => [`${id}/0`, `${id}/1`]));
    expect(result).toMatchObject({
      resumed: 0,
      partial: false,
      ...totalsOf(rows),
    });
    expect(result.correct).toBeGreaterThan(0);
    expect(await readdir(store.path('run/iteration-1/sample'))).toEqual(['shard-000.jsonl']);
  });

  it('takes up the next item as soon as a request ends where the engine takes few', async () => {
    const task = sampleTask();
    task.model.config = Actor.parse(config({ endpoint: { baseUrl: fake.url, maxInFlight: 2 } }));
    fake.fault = () => ({ delayMs: 5 });
    expect((await sample(task)).artifact.rows).toBe(80);
    expect(fake.repeated).toEqual([]);
  });

  it('says in its heartbeats how far it is and what it waits for', async () => {
    fake.fault = () => ({ delayMs: 1_200 });
    const environment = quietEnvironment();
    const heartbeats: unknown[] = [];
    environment.on('heartbeat', (details) => heartbeats.push(details));
    await sample(sampleTask(), environment);
    expect(heartbeats[0]).toEqual({
      stage: 'iteration-1/sample',
      shard: 1,
      done: 0,
      waitingFor: 'an engine for actor',
    });
    expect(heartbeats.at(-1)).toMatchObject({ waitingFor: null });
  });

  it('grades as the oracle of its task says, and records who decided', async () => {
    const yes = join(folder, 'yes.sh');
    await writeFile(yes, `#!/bin/sh\necho '{}'\nwhile read -r _; do echo '{"equal":true,"ms":1}'; done\n`, {
      mode: 0o755,
    });
    const mathVerify = new MathVerify({ python: async () => yes });
    onTestFinished(() => mathVerify.close());
    grader = new Grader({ engine, threads, mathVerify });
    const oracle = Oracle.parse({ mathVerify: true });
    const { artifact, correct } = await sample(sampleTask({ oracle }));
    const rows = await rowsOf(artifact);
    const byMathVerify = rows.filter(({ grade }) => grade.tier === 'math-verify');
    expect(byMathVerify.length).toBeGreaterThan(0);
    for (const { grade } of byMathVerify) expect(grade.outcome).toBe('correct');
    expect(correct).toBe(rows.filter(({ grade }) => grade.outcome === 'correct').length);
    expect(rows.filter(({ grade }) => grade.outcome === 'wrong')).toEqual([]);
  });

  it('waits for a busy engine, and asks for no row twice', async () => {
    let refusals = 0;
    fake.fault = () => (refusals++ < 60 ? { status: 503, message: 'the queue is full' } : null);
    const { artifact } = await sample(sampleTask());
    expect(artifact.rows).toBe(80);
    expect(fake.repeated).toEqual([]);
  });
});

describe('a shard that asks several replicas, of which one is killed', () => {
  it('has the rows of one that asks a single one, none twice, in one attempt', async () => {
    const rowsOfOne = await rowsOf((await sample(sampleTask())).artifact);
    const replicas = await Promise.all([1, 2, 3].map(() => FakeOpenAi.start({ questions: POOL, models: ['actor'] })));
    onTestFinished(async () => void (await Promise.all(replicas.map((replica) => replica.close()))));
    const [killed] = replicas;
    const baseUrl = replicas.map(({ url }) => url);
    const task = sampleTask({ run: 'other-run' });
    task.model.config = Actor.parse(config({ endpoint: { baseUrl, maxInFlight: 4 } }));
    killed!.fault = () => (killed!.requests.length > 6 ? { hang: true } : null);
    const ended = sample(task);
    await vi.waitFor(() => expect(killed!.inFlight).toBeGreaterThan(0), 10_000);
    await killed!.close();
    const result = await ended;
    expect(await rowsOf(result.artifact)).toEqual(rowsOfOne);
    expect(result).toMatchObject({ resumed: 0, partial: false, ...totalsOf(rowsOfOne) });
    const answered = replicas.flatMap(({ requests }) => requests.filter(({ state }) => state === 'answered'));
    expect([answered.length, new Set(answered.map(({ key }) => key)).size]).toEqual([40, 40]);
  });
});

describe('another attempt at a shard', () => {
  it('makes only the requests that are missing', async () => {
    const hold = fake.hold(({ question }) => Number(question.id.split('-').at(-1)) >= 25);
    const first = quietEnvironment();
    const ended = sample(sampleTask(), first);
    await hold.reached(15);
    // What a worker that shuts down does: it is not the workflow that cancels.
    first.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await failure(ended);
    hold.release();
    const asked = fake.requests.length;
    const result = await sample(sampleTask(), quietEnvironment());
    expect(result).toMatchObject({ resumed: 50, partial: false, artifact: { rows: 80 } });
    expect(result).toMatchObject(totalsOf(await rowsOf(result.artifact)));
    expect(fake.requests).toHaveLength(asked + 15);
    expect(fake.repeated).toEqual([]);
  });

  it('makes none at all where the shard was whole and only its answer was lost', async () => {
    const whole = await sample(sampleTask());
    const asked = fake.requests.length;
    expect(await sample(sampleTask())).toEqual({ ...whole, resumed: 80 });
    expect(fake.requests).toHaveLength(asked);
  });
});

describe('a shard that its workflow cancels', () => {
  it('answers with what it has, and keeps it for later', async () => {
    const hold = fake.hold(({ question }) => Number(question.id.split('-').at(-1)) >= 10);
    const environment = quietEnvironment();
    const ended = sample(sampleTask(), environment);
    await hold.reached(30);
    environment.cancel();
    const result = await ended;
    expect(result).toMatchObject({
      partial: true,
      artifact: { rows: 20, uri: 'run/iteration-1/sample/shard-000.000001.part.jsonl' },
    });
    const rows = await rowsOf(result.artifact);
    expect(rows).toHaveLength(20);
    expect(result).toMatchObject(totalsOf(rows));
    hold.release();
    expect(await sample(sampleTask())).toMatchObject({ partial: false, resumed: 20, artifact: { rows: 80 } });
    expect(fake.repeated).toEqual([]);
  });
});

describe('a shard that is cancelled again before its engine answers', () => {
  it('has its rows in the order of the questions, whichever attempt finished them', async () => {
    const only = async (from: number, to: number, finished: number) => {
      const hold = fake.hold(({ question }) => {
        const i = Number(question.id.split('-').at(-1));
        return i < from || i >= to;
      });
      const environment = quietEnvironment();
      const ended = sample(sampleTask(), environment);
      await hold.reached(40 - finished);
      environment.cancel();
      await ended;
      hold.release();
    };
    await only(30, 40, 10);
    await only(10, 20, 20);
    await only(0, 5, 25);
    const silent: Engine = {
      serve: async (_, signal) => {
        signal.throwIfAborted();
        return await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      },
      close: async () => {},
    };
    const environment = quietEnvironment();
    const deps = { store, engine: silent, grader };
    const ended: Promise<ShardResult> = environment.run(withFailures(sampleResponses), deps, sampleTask());
    await new Promise((resolve) => setTimeout(resolve, 100));
    environment.cancel();
    const { artifact, partial, resumed } = await ended;
    const asked = (await rowsOf(artifact)).map(({ question }) => question.id);
    expect(partial).toBe(true);
    expect(resumed).toBeGreaterThan(20);
    expect(asked).toHaveLength(resumed);
    expect(asked).toEqual(POOL.flatMap(({ id }) => asked.filter((it) => it === id)));
  });
});

describe('a shard fails', () => {
  it('with BadRequest where the engine refuses everything, after a few requests and not after all', async () => {
    fake.fault = () => ({ status: 400, message: 'logprobs must be a boolean' });
    const error = await failure(sample(sampleTask()));
    expect(error).toMatchObject({ type: 'BadRequest', nonRetryable: true });
    expect(error.message).toContain('logprobs must be a boolean');
  });

  it('not where it refuses some: their rows say why', async () => {
    fake.fault = ({ question }) =>
      question.id.endsWith('7') ? { status: 400, message: 'maximum context length is 10' } : null;
    const { artifact, odd } = await sample(sampleTask());
    expect(odd).toMatchObject({ contextExceeded: 8 });
    const refused = (await rowsOf(artifact)).filter(({ response }) => response.finishReason === 'context_exceeded');
    expect(refused).toHaveLength(8);
    expect(refused[0]).toMatchObject({
      response: { refusal: expect.stringContaining('maximum context length') },
      grade: { outcome: expect.not.stringMatching('correct') },
    });
  });

  it('with Unauthorized or ModelNotFound at once', async () => {
    fake.fault = () => ({ status: 401 });
    expect(await failure(sample(sampleTask()))).toMatchObject({ type: 'Unauthorized', nonRetryable: true });
    const task = critiqueTask((await sample(sampleTask({ to: 0 }))).artifact);
    task.model.config = Critic.parse({ model: 'somebody', endpoint: { baseUrl: fake.url } });
    const error = await failure(quietEnvironment().run(withFailures(generateCritiques), { store, engine }, task));
    expect(error).toMatchObject({ type: 'ModelNotFound', nonRetryable: true });
    expect(error.message).toContain('serves actor, critic, not "somebody"');
  });

  it('with CheckpointNotServed, to be looked at again, where an endpoint has yet to get the checkpoint', async () => {
    const task = sampleTask();
    task.model.checkpoint = {
      name: 'run-iteration-1-abcdef01',
      uri: 'run/iteration-1/fine-tune/checkpoint',
      sha256: '',
    };
    const error = await failure(sample(task));
    expect(error).toMatchObject({ type: 'CheckpointNotServed', nonRetryable: false });
    expect(error.nextRetryDelay).toBeDefined();
    expect(error.message).toContain(store.path('run/iteration-1/fine-tune/checkpoint'));
  });

  it('with StoreUnavailable where the disk is full, and goes on once it is not: no row lost, none twice', async (context) => {
    const disk = await smallDisk(context, 1000);
    store = new FolderStore(disk.folder);
    pool = await writeRows(store, 'pool.jsonl', POOL);
    const inTheWay = join(disk.folder, 'in the way');
    const { bavail, bsize } = await statfs(disk.folder);
    await writeFile(inTheWay, Buffer.alloc(bavail * bsize - 20_000));
    const error = await failure(sample(sampleTask()));
    expect(error).toMatchObject({ type: 'StoreUnavailable', nonRetryable: false });
    expect(error.message).toMatch(/shard-000.* in .*: the disk is full: free some space there.*MB free/);
    await rm(inTheWay);
    const { artifact, resumed } = await sample(sampleTask());
    expect(resumed).toBeGreaterThan(0);
    const keys = (await rowsOf(artifact)).map(rowKey);
    expect(keys).toEqual(POOL.flatMap(({ id }) => [`${id}/0`, `${id}/1`]));
    expect(await readdir(store.path('run/iteration-1/sample'))).toEqual(['shard-000.jsonl']);
  });

  it('with Superseded where another attempt of it begins, and asks for no more', async () => {
    const hold = fake.hold(() => true);
    const first = failure(sample(sampleTask()));
    await hold.reached();
    const second = sample(sampleTask());
    expect(await first).toMatchObject({ type: 'Superseded', nonRetryable: false });
    hold.release();
    expect((await second).artifact.rows).toBe(80);
    expect(fake.repeated).toEqual([]);
  });

  it('with CorruptArtifact where its input was changed, and never trusts it', async () => {
    const { artifact } = await sample(sampleTask());
    const path = store.path(artifact.uri);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"outcome":"correct"', '"outcome":"corrupt"'));
    const error = await failure(
      quietEnvironment().run(withFailures(generateCritiques), { store, engine }, critiqueTask(artifact)),
    );
    expect(error).toMatchObject({ type: 'CorruptArtifact', nonRetryable: true });
    expect(error.message).toContain(artifact.uri);
    await rm(path);
    await store.write('runs/another/run.json', ['{}']);
    const gone = await failure(
      quietEnvironment().run(withFailures(generateCritiques), { store, engine }, critiqueTask(artifact)),
    );
    expect(gone.message).toContain('is gone from the store');
  });
});

describe('a prompt that the engine always fails at', () => {
  const number = (question: { id: string }) => Number(question.id.split('-').at(-1));

  it.each([
    ['500', { status: 500, message: 'CUDA error' }, '5 times: 500 CUDA error'],
    ['junk', { junk: { object: 'error' } }, '5 times: an answer without choices: {"object":"error"}'],
  ])('with %s is an outcome of its own row, ungraded, and the others are answered', async (_, fault, refusal) => {
    fake.fault = ({ question }) => (number(question) === 7 ? fault : null);
    const { artifact, odd, correct } = await sample(sampleTask());
    const rows = await rowsOf(artifact);
    const failed = rows.filter(({ response }) => response.finishReason === 'failed');
    expect(failed.map(rowKey)).toEqual(rows.filter(({ question }) => number(question) === 7).map(rowKey));
    expect(failed[0]).toMatchObject({ response: { text: '', refusal }, grade: { outcome: 'ungraded' } });
    expect(odd).toMatchObject({ failed: 2 });
    expect(rows).toHaveLength(80);
    expect(correct).toBeGreaterThan(0);
  });

  it('is found out where it is the last one left, too', async () => {
    fake.fault = () => ({ status: 500 });
    expect(await sample(sampleTask({ to: 1 }))).toMatchObject({ artifact: { rows: 2 }, odd: { failed: 2 } });
  });

  it('is a failure of the shard where it is every prompt', async () => {
    fake.fault = () => ({ status: 500 });
    const error = await failure(sample(sampleTask()));
    expect(error).toMatchObject({ type: 'EngineFailing', nonRetryable: true });
    expect(error.message).toBe('the engine fails at every request: 5 times: 500 fault 500');
  });
});

describe('an engine that answers nothing but errors', () => {
  const MINUTE = 60_000;

  /** One attempt whose patience is over at its second failure. */
  async function attempt(details?: unknown): Promise<{ error: ApplicationFailure; heartbeat: unknown }> {
    vi.useFakeTimers({ toFake: ['Date'] });
    fake.greets = false;
    fake.fault = () => {
      vi.setSystemTime(Date.now() + MINUTE);
      return { status: 500, message: 'CUDA error' };
    };
    const environment = quietEnvironment({ heartbeatDetails: details });
    let heartbeat: unknown;
    environment.on('heartbeat', (told) => {
      heartbeat = told;
    });
    const error = await failure(sample(sampleTask({ to: 1 }), environment));
    vi.useRealTimers();
    return { error, heartbeat };
  }

  it('is tried again, and the heartbeats carry how often it was', async () => {
    const first = await attempt();
    expect(first.error).toMatchObject({ type: 'EngineUnavailable', nonRetryable: false });
    expect(first.heartbeat).toMatchObject({ failing: { attempts: 1 } });
    expect((await attempt(first.heartbeat)).heartbeat).toMatchObject({ failing: { attempts: 2 } });
  });

  it('is told in metrics until a row of the stage is finished', async () => {
    const recorded = new RecordingMeter();
    fake.greets = false;
    vi.useFakeTimers({ toFake: ['Date'] });
    fake.fault = () => {
      vi.setSystemTime(Date.now() + MINUTE);
      return { status: 500 };
    };
    await failure(sample(sampleTask({ to: 1 }), quietEnvironment({}, recorded)));
    vi.useRealTimers();
    expect(recorded.series).toEqual({
      'critique_loop_engine_failing{stage="sample"}': 1,
      'critique_loop_activity_failures{type="EngineUnavailable"}': 1,
    });
    fake.fault = () => null;
    await sample(sampleTask({ to: 1 }), quietEnvironment({}, recorded));
    expect(recorded.series).toMatchObject({
      'critique_loop_engine_failing{stage="sample"}': 0,
      'critique_loop_rows{stage="sample"}': expect.any(Number),
      'critique_loop_tokens{stage="sample",kind="completion"}': expect.any(Number),
    });
  });

  it('ends the shard in the end', async () => {
    const { error } = await attempt({ failing: { since: Date.now() - 21 * MINUTE, attempts: 9 } });
    expect(error).toMatchObject({ type: 'EngineFailing', nonRetryable: true });
    expect(error.message).toContain('500 CUDA error');
  });

  it('is not what one is that can not be reached', async () => {
    const task = sampleTask();
    await fake.close();
    const error = await failure(
      sample(task, quietEnvironment({ heartbeatDetails: { failing: { since: 0, attempts: 99 } } })),
    );
    expect(error).toMatchObject({ type: 'EngineUnavailable', nonRetryable: false });
  });
});

it('a request that takes long delays only its own shard', async () => {
  const hold = fake.hold(({ question }) => question.id === POOL[3]!.id);
  const slow = sample(sampleTask({ to: 20 }));
  await hold.reached();
  expect((await sample(sampleTask({ from: 20, shard: 1 }))).artifact.rows).toBe(40);
  hold.release();
  expect((await slow).artifact.rows).toBe(40);
  expect(fake.repeated).toEqual([]);
});

it('rows that nobody answered in time are asked for again when the run is started again', async () => {
  fake.fault = ({ question }) =>
    Number(question.id.split('-').at(-1)) < 10 ? null : { status: 503, retryAfter: '120' };
  const deps = { store, engine: impatient(engine, Date.now() - 1), grader };
  const given: ShardResult = await quietEnvironment().run(withFailures(sampleResponses), deps, sampleTask());
  expect(given).toMatchObject({ partial: false, artifact: { rows: 80 } });
  const { unavailable = 0 } = given.odd!;
  expect(unavailable).toBeGreaterThan(0);
  fake.fault = () => null;
  // The engine of another worker: this one's was told to wait.
  engine = createEngines({ store, env: {}, python: () => Promise.reject(new Error('no Python here')) });
  const again = await sample(sampleTask());
  expect(again).toMatchObject({ resumed: 80 - unavailable, artifact: { rows: 80 } });
  expect(again.odd).not.toHaveProperty('unavailable');
  expect(fake.repeated).toEqual([]);
});
