import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TrainingJob } from '../../src/backends/training/contract.ts';
import { createTrainingBackends } from '../../src/backends/training/index.ts';
import { runningTrainer } from '../../src/backends/training/process.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { Training } from '../../src/config/training.ts';
import { eventually } from '../support/bench.ts';
import { startCommandWith } from '../support/command.ts';
import { readFineTune } from '../support/fine-tune-record.ts';
import { python } from '../support/temporal.ts';
import { compare } from '../support/traces.ts';
import { type Demo, FILE, type Outcome, runDemo, startOf } from './demo.ts';
import { DEFAULTS, PLACES, type Place } from './places.ts';

const { training } = JSON.parse(await readFile(FILE, 'utf8'));
const SAVED_EVERY: number = training.saveSteps;
/** It takes some minutes to get to its training. */
const PATIENCE_MS = 1_200_000;

let calm: Promise<Outcome> | undefined;
const onDefaults = () => (calm ??= runDemo(DEFAULTS));

const table: Record<string, object> = {};
afterAll(() => console.table(table));

test('the demo on the defaults has each row once', async () => {
  const { traces, tunes, jobs, seconds } = await onDefaults();
  expect(traces.duplicated).toBe(0);
  expect(traces.rows.size).toBeGreaterThan(5000);
  expect(tunes.map(({ starts, resumedAt }) => ({ starts, resumedAt }))).toEqual(Array(3).fill(UNDISTURBED));
  expect(new Set(tunes.map(({ weights }) => weights)).size).toBe(3);
  expect(jobs).toEqual([0, 0, 0]);
  table.defaults = { rows: traces.rows.size, missing: 0, twice: traces.duplicated, different: 0, seconds };
});

const UNDISTURBED = { starts: 1, resumedAt: [] };

test.each(Object.entries(PLACES))('the demo with %s: the same, with its trainer killed', async (name, start) => {
  const before = await onDefaults();
  const place = await start();
  try {
    const { traces, tunes, jobs, seconds } = await runDemo(place, (demo) => disturb(place, demo));
    const rows = compare(before.traces.rows, traces.rows);
    const weights = (outcome: Pick<Outcome, 'tunes'>) => outcome.tunes.map((tune) => tune.weights);
    const isSame = JSON.stringify(weights({ tunes })) === JSON.stringify(weights(before));
    table[name] = {
      ...{ rows: traces.rows.size, missing: rows.lost, twice: traces.duplicated, different: rows.different },
      ...{ 'same weights': isSame, 'resumed at step': tunes[1]!.resumedAt.join(), seconds },
    };
    const different = [...before.traces.rows].flatMap(([key, hash]) =>
      (traces.rows.get(key) ?? hash) === hash ? [] : key,
    );
    // One token in a million is another where the engine's batches had another shape (deploy/trainer/README.md), and what is made of its
    // row is another, too. Each finding is told, whatever else is wrong.
    const { soft } = expect;
    soft({ ...rows, twice: traces.duplicated }).toMatchObject({ lost: 0, added: 0, twice: 0 });
    soft(different.length, different.join('\n')).toBeLessThan(traces.rows.size / 500);
    soft(traces.trainedOn).toEqual(before.traces.trainedOn);
    soft(weights({ tunes })).toEqual(weights(before));
    const [first, second, third] = tunes.map(({ submissions, starts, resumedAt, inOrder }) => ({
      ...{ submissions, starts, resumedAt, inOrder },
    }));
    soft([first, third]).toEqual(Array(2).fill({ submissions: 1, ...UNDISTURBED, inOrder: true }));
    soft(second).toEqual({ submissions: 2, starts: 2, resumedAt: [SAVED_EVERY], inOrder: true });
    soft(jobs).toEqual(place.isCluster ? [1, 2, 1] : [0, 0, 0]);
  } finally {
    await place.stop();
  }
});

/** Starts it again, and submits its fine-tune again, which starts nothing; then kills the trainer between two resume points. */
async function disturb(place: Place, { run, temporal, trainedIn }: Demo): Promise<void> {
  const folder = trainedIn(1);
  const isAt = (step: number) => eventually(`step ${step}`, async () => readFineTune(folder).step >= step, PATIENCE_MS);
  await isAt(1);
  await Promise.all([startAgain(run, temporal), submitAgain(place, folder), submitAgain(place, folder)]);
  await isAt(SAVED_EVERY + 10);
  const trainer = await runningTrainer(folder);
  process.kill(trainer!.pid, 'SIGKILL');
}

async function startAgain(run: string, temporal: string): Promise<void> {
  const { child, output } = startCommandWith({ TEMPORAL_ADDRESS: temporal }, '.', 'temporal', ...startOf(run));
  const [code] = await once(child, 'close');
  expect(code, output()).toBe(1);
  expect(output()).toMatch(/already/);
}

/** As another worker would. */
async function submitAgain({ env }: Place, folder: string): Promise<void> {
  const {
    base,
    data,
    output,
    seed,
    loggingSteps: _,
    ...rest
  } = JSON.parse(await readFile(join(folder, 'job.json'), 'utf8'));
  const job: TrainingJob = { base, data, output, seed, training: Training.parse(rest) };
  const { cluster } = readEnvironment(env);
  const gpus = { names: [], locks: [] };
  await createTrainingBackends({ python: async () => python, gpus, cluster }).trl.submit(job);
}
