import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { finishCommand, startCommand } from '../support/command.ts';
import { python } from '../support/temporal.ts';
import { tinyDemo } from '../support/tiny-demo.ts';
import { startRay } from './support/ray-head.ts';
import { startSlurm } from './support/slurm-node.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Which rows a run has in each folder of its stages, whatever is in them; the weights of its fine-tunes; and their jobs on a cluster. */
async function runDemo(name: string, env: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), `demo-${name}-`));
  folders.push(folder);
  const file = join(folder, 'tiny.json');
  await writeFile(file, JSON.stringify(await tinyDemo()));
  const before = { ...process.env };
  Object.assign(process.env, env, { OMP_NUM_THREADS: '1' });
  const command = startCommand(folder, 'demo', '--json', '--input-file', file);
  process.env = before;
  const { run } = await finishCommand<{ run: string }>(command);
  const root = join(folder, '.critique-loop/store/runs', run);
  const names = (await readdir(root, { recursive: true })).sort();
  const keys: Record<string, string[]> = {};
  const weights: string[] = [];
  const jobs: string[] = [];
  for (const path of names) {
    if (path.endsWith('fine-tune/result.json'))
      weights.push(JSON.parse(await readFile(join(root, path), 'utf8')).weightsSha256);
    if (/cluster-job-\d+$/.test(path)) jobs.push(path);
    if (!/(sample|critique|refine|evaluate)\/.*\.jsonl$/.test(path)) continue;
    const rows = (await readFile(join(root, path), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const found = rows.map(({ question, sample }) => `${question.id}/${sample}`);
    const stage = dirname(path);
    keys[stage] = [...(keys[stage] ?? []), ...found].sort();
  }
  return { keys, weights, jobs };
}

let here: Awaited<ReturnType<typeof runDemo>>;
beforeAll(async () => {
  here = await runDemo('here', {});
  expect(here.jobs).toEqual([]);
  expect(Object.keys(here.keys).length).toBeGreaterThan(3);
});

const elsewhere = { CRITIQUE_LOOP_CLUSTER_PYTHON: python, CRITIQUE_LOOP_CLUSTER_DEVICE: 'cpu' };

test('the demo on Ray ends with the rows and the weights that it has on this machine', async () => {
  const ray = await startRay();
  onTestFinished(ray.stop);
  const address = { CRITIQUE_LOOP_TRAIN_ON: 'ray', CRITIQUE_LOOP_RAY_ADDRESS: ray.address };
  const { jobs, ...run } = await runDemo('ray', { ...elsewhere, ...address });
  expect(run).toEqual({ keys: here.keys, weights: here.weights });
  expect(jobs).toHaveLength(2);
});

test('the demo on Slurm ends with the rows and the weights that it has on this machine', async () => {
  const slurm = await startSlurm();
  onTestFinished(slurm.stop);
  const { jobs, ...run } = await runDemo('slurm', { ...elsewhere, ...slurm.env, CRITIQUE_LOOP_TRAIN_ON: 'slurm' });
  expect(run).toEqual({ keys: here.keys, weights: here.weights });
  expect(jobs).toHaveLength(2);
});
