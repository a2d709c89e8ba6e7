import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Cluster, ClusterJob, ClusterStatus } from '../../../../src/backends/training/clusters/cluster.ts';
import { OnCluster } from '../../../../src/backends/training/clusters/on-cluster.ts';
import { TrlBackend } from '../../../../src/backends/training/trl.ts';
import { run } from '../../../../src/cli/setup/process.ts';
import { Training } from '../../../../src/config/training.ts';
import { temporaryFolder } from '../../../support/folder.ts';

/** A cluster in memory. */
class Double implements Cluster {
  readonly name = 'The cluster';
  readonly jobs = new Map<string, ClusterStatus>();
  readonly submitted: ClusterJob[] = [];
  isReachable = true;
  asked = 0;

  #reach(): void {
    this.asked++;
    if (!this.isReachable) throw new Error('connect ECONNREFUSED');
  }
  async submit(job: ClusterJob): Promise<void> {
    this.#reach();
    if (this.jobs.has(job.key)) return;
    this.submitted.push(job);
    this.jobs.set(job.key, { state: 'queued', reason: 'no GPU is free' });
  }
  async look(key: string): Promise<ClusterStatus> {
    this.#reach();
    return this.jobs.get(key) ?? { state: 'absent' };
  }
  async stop(key: string): Promise<void> {
    this.#reach();
    this.set({ state: 'ended', how: 'stopped' }, key);
  }
  async check(): Promise<string> {
    return 'fine';
  }
  set(status: ClusterStatus, key = this.submitted.at(-1)!.key): void {
    this.jobs.set(key, status);
  }
}

async function setUp(onGpu = true, run = 'Demo_1') {
  const folder = await temporaryFolder();
  const cluster = new Double();
  /** As each worker has one. */
  const place = () => new OnCluster({ cluster, onGpu, commandOf: () => ({ argv: ['train', 'it'], env: { A: '1' } }) });
  const output = join(folder, 'runs', run, 'iteration-1', 'fine-tune');
  const job = { base: 'org/model', data: join(folder, 'sft.jsonl'), output, seed: 1, training: Training.parse({}) };
  const log = (line: string) => appendFile(join(output, 'log'), `${line}\n`);
  return { cluster, job, output, log, backend: () => new TrlBackend(place()) };
}

describe('a submission', () => {
  test('has a name that is short enough for the pods of a TrainJob', async () => {
    const { cluster, job, backend } = await setUp(true, 'A run with a name that says all there is to say about it');
    await backend().submit(job);
    expect(cluster.submitted[0]!.key).toMatch(/^critique-loop-about-it-iteration-1-1-[0-9a-f]{8}$/);
    expect(`${cluster.submitted[0]!.key}-node-0-0-abcde`.length).toBeLessThanOrEqual(63);
  });

  test('says what to run and under which name, and waits with a reason', async () => {
    const { cluster, job, output, backend } = await setUp();
    await backend().submit(job);
    const [submitted] = cluster.submitted;
    expect(submitted).toEqual({
      key: expect.stringMatching(/^critique-loop-demo-1-iteration-1-1-[0-9a-f]{8}$/),
      argv: ['sh', '-c', expect.stringContaining('exec "$@"'), join(output, 'log'), 'train', 'it'],
      env: { A: '1' },
      folder: output,
      processes: 1,
      onGpu: true,
    });
    expect(await backend().poll(job)).toEqual({ state: 'queued', waitingFor: 'no GPU is free' });
  });

  test('on CPUs has one thread', async () => {
    const { cluster, job, backend } = await setUp(false);
    await backend().submit(job);
    expect(cluster.submitted[0]!.env).toEqual({ A: '1', OMP_NUM_THREADS: '1' });
  });

  test('by several workers at once starts one', async () => {
    const { cluster, job, backend } = await setUp();
    await Promise.all([1, 2, 3, 4].map(() => backend().submit(job)));
    expect(cluster.submitted).toHaveLength(1);
  });

  test('of what the cluster has forgotten has the same name; of what has ended another, that all who submit at once agree on', async () => {
    const { cluster, job, backend } = await setUp();
    await backend().submit(job);
    cluster.jobs.clear();
    await backend().submit(job);
    cluster.set({ state: 'ended', how: 'out of memory' });
    await Promise.all([1, 2, 3].map(() => backend().submit(job)));
    const keys = cluster.submitted.map(({ key }) => key);
    expect(keys).toHaveLength(3);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys[2]).toContain('-iteration-1-2-');
  });

  test('to a cluster out of reach is TrainerUnavailable where it is the first, and none at all where it is not', async () => {
    const { cluster, job, backend } = await setUp();
    cluster.isReachable = false;
    await expect(backend().submit(job)).rejects.toMatchObject({
      type: 'TrainerUnavailable',
      message: 'The cluster did not take the fine-tune: connect ECONNREFUSED',
    });
    await backend().submit(job);
    expect(await backend().poll(job)).toEqual({
      state: 'unknown',
      message: 'The cluster does not say: connect ECONNREFUSED',
    });
    cluster.isReachable = true;
    expect(await backend().poll(job)).toMatchObject({ state: 'interrupted' });
    await backend().submit(job);
    expect(cluster.submitted).toHaveLength(1);
  });
});

describe('a job', () => {
  test('that runs says how far it is by its files, and the cluster is not asked each time', async () => {
    const { cluster, job, output, backend } = await setUp();
    const one = backend();
    await one.submit(job);
    cluster.set({ state: 'running' });
    const before = cluster.asked;
    expect(await one.poll(job)).toEqual({ state: 'running', step: 0, total: 0, loss: null });
    await writeFile(join(output, 'progress.jsonl'), '{"event":"step","step":3,"total":9,"loss":1.5}\n');
    expect(await one.poll(job)).toEqual({ state: 'running', step: 3, total: 9, loss: 1.5 });
    expect(cluster.asked).toBe(before + 1);
  });

  test('that ended without a result is interrupted: what it said last, how it ended, and where its log is', async () => {
    const { cluster, job, output, log, backend } = await setUp();
    await backend().submit(job);
    await log('torch.OutOfMemoryError');
    cluster.set({ state: 'ended', how: 'exit code 1' });
    expect(await backend().poll(job)).toEqual({
      state: 'interrupted',
      message: `the trainer ended early (torch.OutOfMemoryError; exit code 1); its log is ${join(output, 'log')}`,
    });
  });

  test('that wrote nothing at all may not have seen its folder', async () => {
    const { cluster, job, output, backend } = await setUp();
    await backend().submit(job);
    cluster.set({ state: 'ended', how: 'exit code 2' });
    expect(await backend().poll(job)).toMatchObject({
      message: expect.stringContaining(`nothing was written to ${join(output, 'log')}: is this folder there`),
    });
  });

  test('that the trainer refused is failed with its reason', async () => {
    const { cluster, job, log, backend } = await setUp();
    await backend().submit(job);
    await log('{"event":"error","message":"data has no rows"}');
    cluster.set({ state: 'ended', how: 'exit code 2' });
    expect(await backend().poll(job)).toEqual({ state: 'failed', message: 'data has no rows' });
  });

  test('whose folder another process holds is tried again', async () => {
    const { cluster, job, log, backend } = await setUp();
    await backend().submit(job);
    await log('{"event":"held","message":"another process is training into it"}');
    cluster.set({ state: 'ended', how: 'exit code 3' });
    expect(await backend().poll(job)).toMatchObject({
      state: 'interrupted',
      message: expect.stringContaining('another process is training into it; exit code 3'),
    });
  });

  test('with a result has succeeded, whatever the cluster says', async () => {
    const { cluster, job, output, backend } = await setUp();
    await backend().submit(job);
    await mkdir(join(output, 'checkpoint'));
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
      await writeFile(join(output, 'checkpoint', name), '');
    await writeFile(join(output, 'result.json'), '{"steps":1,"total":1,"weightsSha256":"abc"}');
    cluster.isReachable = false;
    expect(await backend().poll(job)).toMatchObject({ state: 'succeeded', result: { weightsSha256: 'abc' } });
  });

  test('is ended by a cancellation, also one that the cluster does not hear at once', async () => {
    const { cluster, job, backend } = await setUp();
    await backend().cancel(job);
    await backend().submit(job);
    cluster.isReachable = false;
    const cancelled = backend().cancel(job);
    await vi.waitFor(() => expect(cluster.asked).toBeGreaterThanOrEqual(3));
    cluster.isReachable = true;
    await cancelled;
    expect(await backend().poll(job)).toMatchObject({
      state: 'interrupted',
      message: expect.stringContaining('stopped'),
    });
  });
});

test('the command writes to the log, and finds what stands beside it', async () => {
  const { cluster, job, output, backend } = await setUp();
  await backend().submit(job);
  const [sh, c, script, log] = cluster.submitted[0]!.argv;
  const tool = join(output, 'tool');
  await writeFile(tool, '#!/bin/sh\necho "$1"; test "$1" = last || tool last', { mode: 0o755 });
  expect(await run(sh!, [c!, script!, log!, tool, 'it is'])).toMatchObject({ code: 0, lines: [] });
  expect(await readFile(log!, 'utf8')).toBe('\n{"event":"submitted"}\nit is\nlast\n');
});
