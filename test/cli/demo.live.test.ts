import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/method/rows.ts';
import { finishCommand, startCommand } from '../support/command.ts';
import { python } from '../support/temporal.ts';
import { type DemoInput, TINY, tinyDemo } from '../support/tiny-demo.ts';

const root = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const demo = (...args: string[]) => startCommand(folder, 'demo', '--json', ...args);
const finish = finishCommand<Summary>;

interface Summary {
  run: string;
  iterations: { iteration: number; accuracy: number; low: number; high: number; n: number }[];
  gain: { difference: number; low: number; high: number };
  report: string;
}

async function tinyInput(name: string, over: (input: DemoInput) => void = () => {}): Promise<string> {
  const input = await tinyDemo();
  over(input);
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(input));
  return file;
}

async function rows(run: string, stage: string): Promise<Attempt[]> {
  const at = join(folder, '.critique-loop/store/runs', run, stage);
  const shards = (await readdir(at)).filter((file) => file.endsWith('.jsonl'));
  const texts = await Promise.all(shards.map((file) => readFile(join(at, file), 'utf8')));
  return texts.flatMap((text) => text.split('\n').filter(Boolean)).map((line) => JSON.parse(line) as Attempt);
}

describe('critique-loop demo', () => {
  it('killed by -9 and called again, goes on to a measured end', async () => {
    const file = await tinyInput('tiny');
    const first = demo('--input-file', file);
    while (!first.output().includes('iteration 0  evaluate')) {
      expect(first.child.exitCode, first.output()).toBeNull();
      await sleep(100);
    }
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    const run = /Started (\S+)/.exec(first.output())![1]!;

    const second = demo('--input-file', file);
    const summary = await finish(second);
    expect(second.output()).toContain(`Going on with ${run}`);
    expect(summary).toMatchObject({ run, gain: { difference: expect.any(Number), low: expect.any(Number) } });
    expect(summary.iterations.map(({ iteration, n }) => ({ iteration, n }))).toEqual([
      { iteration: 0, n: TINY.test },
      { iteration: 1, n: TINY.test },
    ]);
    expect(summary.iterations[0]!.accuracy).toBeGreaterThan(0.1);
    expect(existsSync(summary.report)).toBe(true);
    const sampled = await rows(run, 'iteration-1/sample');
    expect(new Set(sampled.map(({ question, sample }) => `${question.id}/${sample}`)).size).toBe(
      TINY.questions * TINY.samples,
    );
    expect(sampled).toHaveLength(TINY.questions * TINY.samples);
  });

  it('with random weights answers nothing right, on real GSM8K questions or on arithmetic', async () => {
    const random = join(folder, 'random');
    const made = spawn(python, [join(root, 'test/support/random_checkpoint.py'), random, '1', '--context', '2048']);
    expect((await once(made, 'close'))[0]).toBe(0);
    const gsm8k = { source: 'jsonl', path: join(root, 'test/fixtures/gsm8k-50.jsonl'), count: 12 };
    const file = await tinyInput('random', (input) => {
      input.actor = { ...input.actor, base: random, maxTokens: 24 };
      Object.assign(input, { questions: gsm8k, reason: gsm8k, training: { ...TRAINING } });
    });
    const { run, iterations } = await finish(demo('--input-file', file));
    expect(iterations.map(({ accuracy }) => accuracy)).toEqual([0, 0]);
    const sampled = await rows(run, 'iteration-1/sample');
    expect(sampled).toHaveLength(12 * TINY.samples);
    expect(sampled.every(({ grade }) => grade.outcome !== 'ungraded')).toBe(true);
  });
});

const TRAINING = { epochs: 1, learningRate: 0.001, batchSize: 8, gradientAccumulation: 1, maxLength: 2048 };
