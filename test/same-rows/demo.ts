import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import { eventually } from '../support/bench.ts';
import { type RunningCommand, startCommandWith } from '../support/command.ts';
import { type FineTune, readFineTune } from '../support/fine-tune-record.ts';
import { python } from '../support/temporal.ts';
import { readTraces, type Traces } from '../support/traces.ts';
import { spawnWorker } from '../support/workers.ts';
import type { Place } from './places.ts';

export const FILE = join(packageRoot, 'runs/demo.json');

/** A demo that is under way. */
export interface Demo {
  /** Its workflow ID. */
  run: string;
  /** Where its Temporal is. */
  temporal: string;
  /** The folder in which an iteration is trained. */
  trainedIn(iteration: number): string;
}

export interface Outcome {
  traces: Traces;
  tunes: FineTune[];
  /** How many jobs of a cluster each fine-tune was. */
  jobs: number[];
  seconds: number;
}

/** runs/demo.json from its start to its end, in a folder of its own. */
export async function runDemo(place: Place, disturb: (demo: Demo) => Promise<void> = async () => {}): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'same-rows-'));
  const began = Date.now();
  const { run, temporal, ended, stop } = await (place.temporal === undefined ? byItself : withWorker)(place, folder);
  try {
    const trainedIn = (iteration: number) => join(folder, place.trains, `runs/${run}/iteration-${iteration}/fine-tune`);
    await Promise.all([ended, disturb({ run, temporal, trainedIn })]);
    const seconds = Math.round((Date.now() - began) / 1000);
    const store = place.store ?? join(folder, '.critique-loop/store');
    const folders = [0, 1, 2].map(trainedIn);
    return {
      traces: await readTraces(join(store, 'runs', run)),
      tunes: folders.map(readFineTune),
      jobs: folders.map((one) => readdirSync(one).filter((name) => /^cluster-job-\d+$/.test(name)).length),
      seconds,
    };
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Started extends Pick<Demo, 'run' | 'temporal'> {
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Threads decide how sums are rounded. */
const ONE_THREAD = { OMP_NUM_THREADS: '1' };

async function byItself({ env }: Place, folder: string): Promise<Started> {
  const command = startCommandWith({ ...env, ...ONE_THREAD }, folder, 'demo', '--json');
  const ended = goodEnd(command);
  const started = eventually('the start', async () => /^Started (\S+)$/m.exec(command.output())?.[1], 300_000);
  const run = await Promise.race([started, ended.then(() => started)]);
  return {
    run,
    temporal: /--address (\S+)/.exec(command.output())?.[1] ?? '127.0.0.1:7233',
    ended,
    stop: async () => {
      if (command.child.exitCode !== null) return;
      command.child.kill('SIGTERM');
      await once(command.child, 'close');
    },
  };
}

/** As docs/runs.md and docs/temporal-cluster.md say it. */
async function withWorker({ env, temporal: address }: Place, folder: string): Promise<Started> {
  const temporal = address!;
  const run = 'demo';
  const critiqueLoop = (...args: string[]) => startCommandWith({ TEMPORAL_ADDRESS: temporal }, folder, ...args);
  await goodEnd(critiqueLoop('setup-namespace'));
  const worker = await spawnWorker({
    roles: 'all',
    address: temporal,
    store: join(folder, '.critique-loop/store'),
    env: { ...env, ...ONE_THREAD, CRITIQUE_LOOP_PYTHON: python },
  });
  await goodEnd(critiqueLoop('temporal', ...startOf(run)));
  const ended = goodEnd(critiqueLoop('temporal', 'workflow', 'result', '--workflow-id', run));
  return { run, temporal, ended, stop: async () => void (await worker.stop()) };
}

/** The run's start as docs/runs.md has it: where there is one of this ID, it fails. */
export const startOf = (run: string): string[] => [
  ...['workflow', 'start', '--type', 'selfImprove', '--task-queue', QUEUES.workflows],
  ...['--workflow-id', run, '--fail-existing', '--input-file', FILE],
];

async function goodEnd({ child, output }: RunningCommand): Promise<void> {
  const [code] = await once(child, 'close');
  expect(code, output()).toBe(0);
}
