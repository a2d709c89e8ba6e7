import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { randomCheckpoint } from '../support/engine.ts';

const python = inject('python');

test("logits equal those of transformers, by our own Llama forward and by transformers' over our cache", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'logits-test-'));
  try {
    const checkpoints = await Promise.all([
      randomCheckpoint(python, join(folder, 'llama'), { seed: 1 }),
      randomCheckpoint(python, join(folder, 'grouped'), { seed: 2, width: 64, kvHeads: 2 }),
      randomCheckpoint(python, join(folder, 'neox'), { seed: 3, kind: 'gpt_neox' }),
      randomCheckpoint(python, join(folder, 'qwen2'), { seed: 4, kind: 'qwen2' }),
    ]);
    const script = new URL('logits.py', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(python, [script, ...checkpoints], {
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const report = JSON.parse(stdout) as { folder: string; own: boolean; worst: number }[];
    expect(report.filter((r) => r.own).map((r) => r.folder)).toEqual(['llama', 'grouped']);
    expect(report).toHaveLength(8);
    for (const { worst } of report) expect(worst).toBeLessThan(1e-4);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
