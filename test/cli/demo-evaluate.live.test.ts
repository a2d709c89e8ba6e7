import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EvaluateResult } from '../../src/workflows/evaluate.ts';
import { finishCommand, startCommand } from '../support/command.ts';

const root = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-evaluate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('with the real models shows what the critic does, also when it is killed by -9 on the way', async () => {
  const input = JSON.parse(await readFile(join(root, 'runs/evaluate-demo.json'), 'utf8'));
  const file = join(folder, 'tiny.json');
  const smaller = { samples: 6, samplesWithCritic: 2, sequential: { rounds: 2 } };
  await writeFile(file, JSON.stringify({ ...input, ...smaller, questions: { ...input.questions, count: 60 } }));

  const first = startCommand(folder, 'demo-evaluate', '--json', '--input-file', file);
  while (!first.output().includes('samples  ')) {
    expect(first.child.exitCode, first.output()).toBeNull();
    await sleep(50);
  }
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  const run = /Started (\S+)/.exec(first.output())![1]!;

  const second = startCommand(folder, 'demo-evaluate', '--json', '--input-file', file);
  const result = await finishCommand<EvaluateResult>(second);
  expect(second.output()).toContain(`Going on with ${run}`);
  expect(result).toMatchObject({ run, status: 'completed', questions: 60 });
  // The actor was never taught to write critiques, of its own solutions neither.
  expect(result.warnings.map((warning) => warning.split(':')[0])).toEqual([
    'self-greedy, critique',
    'self-samples, critique',
  ]);
  const gain = (name: string, basis: string) =>
    result.strategies.find((it) => it.name === name)!.gains.find((it) => it.basis === basis)!;
  expect(gain('with critic (verdict), greedy', 'samples').low).toBeGreaterThan(0.2);
  expect(gain('vote of 2, with critic (verdict)', 'generations')).toMatchObject({ k: 6, n: 60 });
  expect(gain('vote of 2, with critic (verdict)', 'generations').low).toBeGreaterThan(0.2);
  expect(second.output()).toContain(`Alone, the actor answers `);
  expect(second.output()).toContain(
    'At equal generations, the vote of 2, with critic (verdict), beats the vote of 6, response only: ',
  );
  expect(existsSync(result.report)).toBe(true);
});
