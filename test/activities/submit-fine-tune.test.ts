import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FineTuneTask, submitFineTune } from '../../src/activities/submit-fine-tune.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { Training } from '../../src/config/training.ts';
import { TrainingDouble } from '../support/training-double.ts';

let folder: string;
let store: FolderStore;
let training: TrainingDouble;
let task: FineTuneTask;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  store = new FolderStore(folder);
  training = new TrainingDouble();
  training.held = true;
  await writeFile(join(folder, 'sft.jsonl'), '{"prompt":"a","completion":"b"}\n');
  const config = Training.parse({});
  task = { output: 'fine-tune', name: 'actor', base: 'base', data: 'sft.jsonl', seed: 1, training: config };
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

/** An attempt that has submitted or adopted the job. */
async function attempt() {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  const following = new Promise<void>((resolve) =>
    environment.on('heartbeat', ({ state }) => state === 'running' && resolve()),
  );
  const ended = environment.run(submitFineTune, { store, training: { trl: training, llamafactory: training } }, task);
  ended.catch(() => {});
  await following;
  return { environment, ended };
}

/** What the server says to the heartbeat of an attempt that it has given up. */
const forgotten = ({ environment }: Awaited<ReturnType<typeof attempt>>) =>
  environment.cancel('NOT_FOUND', new ActivityCancellationDetails({ notFound: true }));

describe('an attempt that the server has given up', () => {
  it('leaves the trainer to the attempt that has adopted it', async () => {
    const zombie = await attempt();
    const next = await attempt();
    forgotten(zombie);
    await expect(zombie.ended).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(60_000);
    training.held = false;
    await expect(next.ended).resolves.toMatchObject({ steps: 3 });
    expect(training.cancelled).toEqual([]);
    expect(training.submitted).toHaveLength(1);
  });

  it('ends the trainer where nobody adopts it: its workflow is over', async () => {
    const orphan = await attempt();
    forgotten(orphan);
    await expect(orphan.ended).rejects.toThrow();
    expect(training.cancelled).toEqual([]);
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(training.cancelled).toHaveLength(1));
  });
});

describe('an interrupted fine-tune', () => {
  it.each([
    ['of this machine goes on soon', false, 9, 3_000],
    ['of a cluster goes on soon', true, 1, 3_000],
    ['of a cluster goes on later each time', true, 4, 24_000],
    ['of a cluster goes on within minutes, however often it was tried', true, 500, 300_000],
  ])('%s', async (_, isElsewhere, attempt, retryAfter) => {
    training.isElsewhere = isElsewhere;
    training.poll = async () => ({ state: 'interrupted', message: 'out of memory' });
    const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR', () => {}) });
    const ended = environment.run(submitFineTune, { store, training: { trl: training, llamafactory: training } }, task);
    await expect(ended).rejects.toMatchObject({ type: 'TrainerUnavailable', message: 'out of memory', retryAfter });
  });
});

describe('a worker that stops', () => {
  it.each([
    ['ends a trainer of its machine', false, 1],
    ['leaves one that is elsewhere to the next worker', true, 0],
  ])('%s', async (_, isElsewhere, cancelled) => {
    training.isElsewhere = isElsewhere;
    const { environment, ended } = await attempt();
    environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await expect(ended).rejects.toThrow();
    expect(training.cancelled).toHaveLength(cancelled);
  });

  it('is not what a cancellation is: that ends the trainer wherever it is', async () => {
    training.isElsewhere = true;
    const { environment, ended } = await attempt();
    environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
    await expect(ended).rejects.toThrow();
    expect(training.cancelled).toHaveLength(1);
  });
});
