import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { METRICS } from '../../src/backends/metrics.ts';
import { startObservedRun } from '../support/observed-run.ts';
import { temporalAddress } from '../support/temporal.ts';

/** What no run on a machine without GPUs has: other tests look at these. */
const ELSEWHERE = ['critique_loop_gpu_held', 'critique_loop_oracle_unanswered'];

beforeAll(() => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
});

interface Scraped {
  kind: string;
  help: string;
  labels: Set<string>;
}

/** Prometheus' text format: what it says of each metric, and the names of its labels. */
async function scrape(address: string): Promise<Map<string, Scraped>> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const found = new Map<string, Scraped>();
  for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm))
    found.set(name!, { kind: '', help: help!, labels: new Set() });
  for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) found.get(name!)!.kind = kind!;
  for (const [, series, labels] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const metric = found.get(series!) ?? found.get(series!.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label] of labels!.matchAll(/(\w+)="/g)) metric?.labels.add(label!);
  }
  return found;
}

/** What Temporal, and Prometheus for histograms, put to every metric of a worker or of an activity. */
const ADDED = new Set(['service_name', 'le', 'namespace', 'taskQueue', 'activityType']);

test('a run shows every metric of the table as the table has it, and none of ours that is not in it', async () => {
  const run = await startObservedRun({ id: 'metrics', address: temporalAddress });
  onTestFinished(run.stop);
  await run.completed;

  const found = await scrape(run.metrics);
  const ours = [...found].filter(([name]) => name.startsWith('critique_loop'));
  const expected = Object.entries(METRICS).filter(([name]) => !ELSEWHERE.includes(name));
  expect(ours.map(([name]) => name).sort()).toEqual(expected.map(([name]) => name).sort());
  for (const [name, { kind, help, labels }] of expected) {
    const metric = found.get(name)!;
    expect(metric, name).toMatchObject({ kind, help });
    expect([...metric.labels].filter((label) => !ADDED.has(label)).sort(), name).toEqual([...labels].sort());
  }
});
