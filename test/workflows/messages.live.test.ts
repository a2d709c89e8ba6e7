import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SelfImproveResult } from '../../src/workflows/self-improve.ts';
import { Bench, eventually, type RunHandle } from '../support/bench.ts';
import { aCritiquesRun } from '../support/critiques-input.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import type { FakeOpenAi, FakeRequest, Hold } from '../support/fake-openai.ts';
import { aSelfTalk } from '../support/self-talk-input.ts';
import { aStudy } from '../support/study-input.ts';
import { temporalAddress } from '../support/temporal.ts';
import { logged } from '../support/workers.ts';

const bench = Bench.use(() => temporalAddress);

/** Every workflow that people start, with an input whose first texts are kept waiting. */
const STARTS: Record<string, (id: string, fake: FakeOpenAi) => Promise<unknown>> = {
  selfImprove: (id, fake) => bench.start(id, bench.input(fake, { pool: 10, tested: 10 })),
  evaluate: (id, fake) =>
    bench.startEvaluation(id, anEvaluation({ url: fake.url, tested: 10, samples: 2, samplesWithCritic: 1 })),
  buildCritiques: (id, fake) => bench.startCritiques(id, aCritiquesRun({ url: fake.url, asked: 10 })),
  selfTalk: (id, fake) => bench.startSelfTalk(id, aSelfTalk({ url: fake.url, pool: 10 })),
  study: (id, fake) => bench.startStudy(id, aStudy({ actorFolder: bench.actorFolder, url: fake.url })),
  fineTune: async (id, fake) => {
    const data = join(bench.folder, 'rows.jsonl');
    await writeFile(data, '{"prompt":"1 + 1?","completion":"2"}\n');
    return await bench.startFineTune(id, {
      base: bench.actorFolder,
      data,
      evaluation: {
        questions: { source: 'arithmetic', split: 'test', seed: 1, count: 10 },
        endpoint: { baseUrl: fake.url },
      },
    });
  },
};

async function inTheMiddle(type: string, id: string): Promise<{ fake: FakeOpenAi; handle: RunHandle; hold: Hold }> {
  const fake = await bench.fake({ models: ['actor', 'critic', bench.actorFolder] });
  const hold = fake.hold(() => true);
  const handle = (await STARTS[type]!(id, fake)) as RunHandle;
  await hold.reached(1);
  return { fake, handle, hold };
}

const update = (handle: RunHandle, name: string, ...args: unknown[]) =>
  handle.executeUpdate<string, [unknown]>(name, { args: args as [unknown] });
const refused = (message: unknown) => ({ cause: { message } });

describe.each(Object.keys(STARTS))('%s', (type) => {
  it('answers pause, resume and stop, again and again', async () => {
    const { handle, hold } = await inTheMiddle(type, `messages-${type}`);
    const say = (name: string, ...args: unknown[]) => update(handle, name, ...args);
    expect(await say('resume')).toBe('not paused');
    expect(await say('pause')).toBe('pausing: what runs is cancelled and its finished rows are kept');
    expect(await say('pause')).toBe('already paused');
    expect((await bench.progress(handle)).state).toBe('paused');
    expect(await say('resume')).toBe('going on from the finished rows');
    expect(await say('resume')).toBe('not paused');
    await expect(say('stop', 'now')).rejects.toMatchObject(
      refused('got "now", expected {"mode":"drain"|"now","reason":"..."}'),
    );
    await expect(say('stop', { reason: 'x' })).rejects.toMatchObject(
      refused('mode: is missing, expected "drain" or "now"'),
    );
    await expect(say('stop', { mode: 'now', reason: 4 })).rejects.toMatchObject(
      refused('reason: got 4, expected a text'),
    );
    expect(await say('stop', { mode: 'now', reason: 'enough' })).toContain('stopping now');
    expect(await say('pause')).toBe('the run is stopping, and ends by itself');
    expect(await say('resume')).toBe('the run is stopping, and ends by itself');
    expect(await say('stop', { mode: 'drain' })).toContain('stopping now');
    hold.release();
    expect(await handle.result()).toMatchObject({ status: 'stopped' });
    await expect(say('stop', { mode: 'now' })).rejects.toThrow(/already completed/);
  });

  it('shows what it does not understand, and goes on', async () => {
    const { handle, hold } = await inTheMiddle(type, `odd-${type}`);
    await handle.signal('stopp', { mode: 'now' });
    await handle.signal('extend', { iterations: 2 });
    await handle.signal('stage', 'sample');
    await handle.signal('stage', {
      stage: 'sample',
      rows: { done: 1, total: 2 },
      tokens: { prompt: 0, completion: 0 },
      warnings: 3,
    });
    await expect(update(handle, 'halt')).rejects.toThrow();
    await expect(handle.query('where')).rejects.toThrow(/progress/);
    const expected = [
      'signal "stopp": not known, expected "stop", "pause" or "resume"',
      'signal "extend": not known, expected "stop", "pause" or "resume"; "extend" is an update',
      'signal "stage": got "sample", expected what a child of this run says',
    ];
    await eventually('the warnings', async () => (await bench.progress(handle)).warnings.length >= 4);
    const { state, warnings } = await bench.progress(handle);
    expect(state).toBe('running');
    expect(warnings).toEqual(expect.arrayContaining(expected));
    for (const text of expected) expect(logged.some(({ message }) => message === text)).toBe(true);
    await handle.signal('stop', { mode: 'later' });
    const stopped =
      'signal "stop": mode: got "later", expected "drain" or "now"; the running stage is finished, then the run ends';
    hold.release();
    const result = (await handle.result()) as SelfImproveResult;
    expect(result.status).toBe('stopped');
    expect(result.warnings).toEqual(expect.arrayContaining([...expected, stopped]));
  });
});

describe('at any time', () => {
  it('before a worker is there, and while the input is validated', async () => {
    const fake = await bench.fake();
    let validated = () => {};
    const held = new Promise<void>((resolve) => {
      validated = resolve;
    });
    bench.workers.before = (activity) => (activity === 'validateInput' ? held : undefined);
    const handle = await bench.start('messages-early', bench.input(fake, { iterations: 0, pool: 10, tested: 10 }));
    expect(await update(handle, 'pause')).toContain('pausing');
    expect(await update(handle, 'resume')).toContain('going on');
    const extended = update(handle, 'extend', { iterations: 1 });
    await eventually('its start', async () => (await bench.progress(handle)).state === 'starting');
    validated();
    expect(await extended).toBe('1 iterations');
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'completed', warnings: [] });
    expect(result.iterations.map(({ iteration }) => iteration)).toEqual([0, 1]);
  });

  it('pause, resume and pause at once, then stop: it ends with what it has', async () => {
    const { handle, hold } = await inTheMiddle('selfImprove', 'messages-quick');
    for (const name of ['pause', 'resume', 'pause']) await handle.signal(name);
    await eventually('a pause', async () => (await bench.progress(handle)).state === 'paused');
    expect(await update(handle, 'stop', { mode: 'drain', reason: 'while paused' })).toContain('stopping');
    hold.release();
    expect(await handle.result()).toMatchObject({ status: 'stopped', reason: 'while paused', warnings: [] });
  });

  it('a pause while a drain finishes its stage does not cut the stage short', async () => {
    const fake = await bench.fake();
    const explores = ({ question, kind }: FakeRequest) =>
      question.id.startsWith('arithmetic-train') && kind === 'solve';
    const hold = fake.hold(explores);
    const handle = await bench.start('messages-drain', bench.input(fake, { pool: 20, tested: 10 }));
    await hold.reached(5);
    await handle.signal('stop', { mode: 'drain' });
    await handle.signal('pause');
    await eventually('the stop', async () => (await bench.progress(handle)).state === 'stopping');
    hold.release();
    expect(await handle.result()).toMatchObject({ status: 'stopped' });
    expect(await bench.stage('messages-drain', 'iteration-1/sample')).toHaveLength(40);
    expect(fake.repeated).toEqual([]);
  });

  it('a thousand stops are one', async () => {
    const { handle, hold } = await inTheMiddle('selfImprove', 'messages-thousand');
    const stops = Array.from({ length: 1000 }, (_, i) => ({ mode: i % 2 ? 'now' : 'drain', reason: `stop ${i}` }));
    for (let i = 0; i < stops.length; i += 50)
      await Promise.all(stops.slice(i, i + 50).map((stop) => handle.signal('stop', stop).catch(ended)));
    hold.release();
    expect(await handle.result()).toMatchObject({ status: 'stopped', warnings: [] });
    const child = await bench.client.workflow.getHandle('messages-thousand/iteration-0').fetchHistory();
    const heard = child.events!.filter(({ workflowExecutionSignaledEventAttributes: it }) => it?.signalName === 'stop');
    expect(heard.length).toBeLessThanOrEqual(2);
  });

  it('extend: twice, while the last iteration is measured, and not after a stop', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(({ question }) => question.id.startsWith('arithmetic-test'));
    const handle = await bench.start('messages-extend', bench.input(fake, { iterations: 0, pool: 10, tested: 10 }));
    await hold.reached(1);
    expect(await update(handle, 'extend', { iterations: 1 })).toBe('1 iterations');
    expect(await update(handle, 'extend', { iterations: 1 })).toBe('2 iterations');
    hold.release();
    await eventually('iteration 1', async () => (await bench.progress(handle)).iteration >= 1);
    await handle.signal('stop', { mode: 'now' });
    await eventually('the stop', async () => (await bench.progress(handle)).state !== 'running');
    await expect(update(handle, 'extend', { iterations: 1 })).rejects.toThrow();
    expect(await handle.result()).toMatchObject({ status: 'stopped' });
  });
});

/** What comes after the end is refused, and that is fine. */
const ended = (error: Error) => {
  if (!/already completed|closing/.test(error.message)) throw error;
};

describe('a stop before the first task', () => {
  it.each(['evaluate', 'buildCritiques', 'selfTalk', 'fineTune', 'study'])('of %s', async (type) => {
    const fake = await bench.fake();
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench.workers.before = (activity) => (activity.startsWith('validate') ? held : undefined);
    const handle = (await STARTS[type]!(`early-stop-${type}`, fake)) as RunHandle;
    await handle.signal('stop', { mode: 'now', reason: 'never mind' });
    go();
    expect(await handle.result()).toMatchObject({ status: 'stopped' });
    expect(fake.requests).toEqual([]);
  });
});
