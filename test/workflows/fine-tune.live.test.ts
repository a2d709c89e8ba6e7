import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Promotion } from '../../src/activities/promotions.ts';
import { readJson } from '../../src/backends/storage/json.ts';
import type { FineTuneInput } from '../../src/config/fine-tune.ts';
import type { FineTuneProgress } from '../../src/workflows/contract.ts';
import { Bench, eventually } from '../support/bench.ts';
import { questionsOf } from '../support/evaluate-input.ts';
import type { FakeOpenAi, FakeOptions } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const TESTED = 60;
const isTrained = (model: string) => model.endsWith('/checkpoint');

const engine = (options: Partial<FakeOptions> = {}) =>
  bench.fake({ questions: questionsOf(TESTED), models: ['actor', bench.actorFolder], ...options });

async function rowsFile(name: string, rows: number): Promise<string> {
  const path = join(bench.folder, name);
  const lines = Array.from({ length: rows }, (_, i) => JSON.stringify({ prompt: `${name} ${i}`, completion: 'yes' }));
  await writeFile(path, lines.join('\n'));
  return path;
}

const questions = { source: 'arithmetic', split: 'test', seed: 1, count: TESTED } as const;

async function anActor(fake: FakeOpenAi, rest: Partial<FineTuneInput> = {}): Promise<FineTuneInput> {
  const endpoint = { baseUrl: fake.url };
  const data = await rowsFile('rows.jsonl', 12);
  return { base: bench.actorFolder, data, evaluation: { questions, endpoint }, promote: { as: 'actor' }, ...rest };
}

async function aCritic(fake: FakeOpenAi, rest: Partial<FineTuneInput> = {}): Promise<FineTuneInput> {
  const endpoint = { baseUrl: fake.url };
  const evaluation = { questions, endpoint, actor: { model: 'actor', endpoint } };
  return { ...(await anActor(fake)), role: 'critic', evaluation, promote: { as: 'critic' }, ...rest };
}

const promotion = (name: string) => readJson<Promotion>(bench.workers.store, `promoted/${name}.json`);

async function whyNot(id: string, input: object): Promise<string> {
  const handle = await bench.startFineTune(id, input);
  const error = (await handle.result().catch((error) => error)) as WorkflowFailedError;
  return String(error.cause?.message);
}

describe('a fine-tune', () => {
  it('by itself gives a checkpoint of all rows, and promotes nothing', async () => {
    const data = [await rowsFile('one.jsonl', 3), await rowsFile('two.jsonl', 4)];
    const handle = await bench.startFineTune('tune', { base: bench.actorFolder, data });
    expect(await handle.result()).toMatchObject({
      run: 'tune',
      status: 'completed',
      checkpoint: { uri: 'runs/tune/fine-tune/checkpoint' },
      rows: 7,
      evaluation: null,
      promoted: false,
      reason: 'no promotion was asked for',
      warnings: [],
    });
    await bench.record('fine-tune', handle);
  });

  it('of an actor that got better is measured beside its base and promoted; the next stands against it', async () => {
    const fake = await engine({ skill: (model) => (isTrained(model) ? 0.9 : 0.3) });
    const handle = await bench.startFineTune('tune-better', await anActor(fake));
    const result = await handle.result();
    await bench.record('fine-tune-better', handle);
    const { candidate, against, difference, measure } = result.evaluation!;
    expect(measure).toBe('accuracy');
    expect(candidate).toMatchObject({
      model: result.checkpoint!.uri,
      workflowId: 'tune-better/candidate',
      critic: null,
    });
    expect(against.model).toBe(bench.actorFolder);
    expect(difference.difference).toBeCloseTo(candidate.score.value! - against.score.value!, 10);
    expect(difference).toMatchObject({ n: TESTED });
    expect(difference.low).toBeGreaterThan(0);
    expect(result).toMatchObject({
      promoted: true,
      reason: expect.stringContaining('promoted/actor from now on: accuracy +'),
    });
    expect(await promotion('actor')).toMatchObject({ checkpoint: result.checkpoint, run: 'tune-better' });

    // The second has the promoted one as base, and the same skill.
    const next = await bench.startFineTune('tune-next', await anActor(fake, { base: 'promoted/actor', seed: 1 }));
    const second = await next.result();
    expect(second.evaluation!.against.model).toBe(result.checkpoint!.uri);
    expect(second.evaluation!.difference.n).toBe(TESTED);
    expect(bench.workers.training.submitted.at(-1)!.base).toBe(bench.workers.store.path(result.checkpoint!.uri));

    // Started again, the first gives the same without training or asking again, though another is promoted by now.
    const asked = fake.requests.length;
    const again = await (await bench.startFineTune('tune-better', await anActor(fake))).result();
    expect(again.evaluation).toEqual(result.evaluation);
    expect(fake.requests).toHaveLength(asked);
  });

  it('of an actor that got worse is kept and not promoted, unless it is told to', async () => {
    const fake = await engine({ skill: (model) => (isTrained(model) ? 0.2 : 0.8) });
    const handle = await bench.startFineTune('tune-worse', await anActor(fake, { promote: { as: 'worse' } }));
    const result = await handle.result();
    await bench.record('fine-tune-worse', handle);
    expect(result).toMatchObject({ status: 'completed', promoted: false });
    expect(result.reason).toMatch(/^kept, but not promoted: accuracy -\d+\.\d points \(-\d+\.\d to -\d+\.\d, n = 60\)/);
    expect(result.checkpoint).not.toBeNull();
    expect(await promotion('worse')).toBeNull();

    const input = await anActor(fake, { promote: { as: 'worse', when: 'always' } });
    const forced = await (await bench.startFineTune('tune-forced', input)).result();
    expect(forced).toMatchObject({ promoted: true });
    expect(await promotion('worse')).toMatchObject({ checkpoint: forced.checkpoint });
  });

  it('of a critic is measured by its verdicts, which are paired', async () => {
    const fake = await engine({ judgement: (model) => (isTrained(model) ? 0.95 : 0.6) });
    const handle = await bench.startFineTune('tune-critic', await aCritic(fake));
    const result = await handle.result();
    await bench.record('fine-tune-critic', handle);
    const { measure, candidate, against, difference } = result.evaluation!;
    expect(measure).toBe('discriminability');
    for (const { critic, score } of [candidate, against]) {
      expect(critic).toMatchObject({ gate: 'verdict' });
      expect(critic!.discriminability).toEqual(score);
      expect(critic!.discriminabilityOnRight.n + critic!.discriminabilityOnWrong.n).toBe(score.n);
      expect(critic!.helpfulness.n).toBeGreaterThan(0);
    }
    expect(difference.difference).toBeCloseTo(candidate.score.value! - against.score.value!, 10);
    expect(result.promoted).toBe(true);
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain('| discriminability | on right responses | on wrong responses | helpfulness |');
    expect(await handle.query('progress')).toMatchObject({ state: 'finished', stage: 'done', phase: 'against' });

    const worse = await engine({ judgement: (model) => (isTrained(model) ? 0.3 : 0.9) });
    const input = await aCritic(worse, {
      evaluation: { ...(await aCritic(worse)).evaluation!, against: bench.actorFolder },
    });
    const kept = await (await bench.startFineTune('tune-critic-worse', input)).result();
    expect(kept).toMatchObject({ promoted: false, reason: expect.stringContaining('agreement with the oracle -') });
    expect(await promotion('critic')).toMatchObject({ checkpoint: result.checkpoint });
  });
});

describe('stop and pause', () => {
  it('a stop in its evaluation leaves the checkpoint unpromoted, and the same ID goes on', async () => {
    const fake = await engine({ skill: (model) => (isTrained(model) ? 0.9 : 0.3) });
    const held = fake.hold(({ model }) => !isTrained(model));
    const input = await anActor(fake, { promote: { as: 'stopped' } });
    const handle = await bench.startFineTune('tune-stop', input);
    await held.reached(5);
    const progress = await eventually('the second evaluation', async () => {
      const progress = await handle.query<FineTuneProgress>('progress');
      return progress.phase === 'against' && progress.stage === 'sample' ? progress : null;
    });
    expect(progress).toMatchObject({ state: 'running', waitingFor: 'the engine (queue critique-loop-inference)' });
    expect(await handle.executeUpdate('stop', { args: [{ mode: 'now', reason: 'enough' }] })).toContain('stopping now');
    const result = await handle.result();
    await bench.record('fine-tune-stopped', handle);
    expect(result).toMatchObject({ status: 'stopped', evaluation: null, promoted: false });
    expect(result.reason).toBe('stopped before its end: enough');
    expect(result.checkpoint).not.toBeNull();
    expect(await promotion('stopped')).toBeNull();
    held.release();

    const trained = fake.requests.filter(({ model, state }) => isTrained(model) && state === 'answered').length;
    const resumed = await (await bench.startFineTune('tune-stop', input)).result();
    expect(resumed).toMatchObject({ status: 'completed', promoted: true, checkpoint: result.checkpoint });
    expect(fake.requests.filter(({ model, state }) => isTrained(model) && state === 'answered')).toHaveLength(trained);
  });

  it('a pause cancels the trainer and a child, and resume goes on', async () => {
    const fake = await engine({ skill: (model) => (isTrained(model) ? 0.9 : 0.3) });
    const { training } = bench.workers;
    training.held = true;
    const before = training.cancelled.length;
    const handle = await bench.startFineTune('tune-pause', await anActor(fake, { promote: { as: 'paused' } }));
    const phase = async () => (await handle.query<FineTuneProgress>('progress')).state;
    await eventually('the trainer', async () => training.submitted.some(({ output }) => output.includes('tune-pause')));
    await handle.signal('pause');
    await eventually('the trainer to stop', async () => training.cancelled.length > before);
    expect(await phase()).toBe('paused');
    training.held = false;
    const held = fake.hold(() => true);
    await handle.signal('resume');
    await held.reached(5);
    await handle.signal('pause');
    await eventually('no request', async () => fake.inFlight === 0);
    held.release();
    await handle.signal('resume');
    expect(await handle.result()).toMatchObject({ status: 'completed', promoted: true });
    await bench.record('fine-tune-paused', handle);
  });

  it('a stop now in its training has no checkpoint', async () => {
    bench.workers.training.held = true;
    const { submitted } = bench.workers.training;
    const data = await rowsFile('rows.jsonl', 12);
    const handle = await bench.startFineTune('tune-now', { base: bench.actorFolder, data });
    await eventually('the trainer', async () => submitted.some(({ output }) => output.includes('tune-now')));
    await handle.signal('stop', { mode: 'now' });
    expect(await handle.result()).toMatchObject({
      status: 'stopped',
      checkpoint: null,
      reason: 'stopped before its end',
    });
  });
});

describe('bad input', () => {
  it.each([
    [
      'base',
      { base: 'promoted/nobody' },
      'base: got "promoted/nobody", expected a name that a fine-tune promoted: there',
    ],
    [
      'data',
      { data: 'runs/none/sft.jsonl' },
      'data: got "runs/none/sft.jsonl", expected a file or an artifact of a run',
    ],
    [
      'against',
      { evaluation: { questions }, base: 'org/model' },
      'evaluation.against: got "org/model", expected a folder with a Hugging Face checkpoint',
    ],
    ['endpoint', { evaluation: { questions, endpoint: { baseUrl: 'x' } } }, 'evaluation.endpoint.baseUrl: got "x"'],
    [
      'questions',
      { evaluation: { questions: { source: 'gsm8k', split: 'test', path: 'none.jsonl' } } },
      'evaluation.questions.path: got "none.jsonl"',
    ],
    ['better', { promote: { as: 'x' } }, 'promote.when: got "better", expected "always", or an "evaluation"'],
  ])('%s', async (name, wrong, said) => {
    const input = { base: bench.actorFolder, data: await rowsFile('rows.jsonl', 2), ...wrong };
    expect(await whyNot(`tune-bad-${name}`, input)).toContain(said);
  });

  it('a file without rows, and a row that is none', async () => {
    const base = bench.actorFolder;
    const empty = await rowsFile('empty.jsonl', 0);
    expect(await whyNot('tune-empty', { base, data: empty })).toContain(`data: ${empty} has no rows`);
    const bad = join(bench.folder, 'bad.jsonl');
    await writeFile(bad, '{"prompt":"a","completion":"b"}\n\n{"prompt":"a"}\n');
    expect(await whyNot('tune-bad-row', { base, data: bad })).toContain(`data: ${bad}, line 3: expected {prompt, comp`);
  });
});
