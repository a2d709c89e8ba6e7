import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openQuestions } from '../../src/backends/datasets/index.ts';
import { Questions } from '../../src/config/datasets.ts';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { FakeVllmFolder } from '../support/fake-vllm.ts';
import { temporaryFolder } from '../support/folder.ts';
import { python } from '../support/temporal.ts';
import { runGpuChaos } from './gpu/run.ts';
import { VICTIMS } from './gpu/victims.ts';

const root = join(import.meta.dirname, '../..');

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
});

const INPUT: SelfImproveInput = {
  seed: 1,
  iterations: 1,
  samples: 2,
  actor: { base: join(root, 'models/actor'), temperature: 0.7, maxTokens: 32 },
  critic: { model: join(root, 'models/critic'), temperature: 0, maxTokens: 32 },
  questions: { source: 'arithmetic', split: 'train', count: 120, seed: 1 },
  reason: { source: 'arithmetic', split: 'train', count: 100, seed: 1 },
  test: { source: 'arithmetic', split: 'test', count: 120 },
  training: { epochs: 1, learningRate: 1e-3, batchSize: 4, gradientAccumulation: 1, maxLength: 384 },
};

it('a run whose trainer, vLLM, supervisor and worker are killed by -9 has every row once', {
  timeout: 600_000,
}, async () => {
  const vllm = new FakeVllmFolder(await temporaryFolder());
  await vllm.faults({ startMs: 500, answerMs: 300, references: await references(INPUT.questions, INPUT.test) });
  const report = await runGpuChaos({
    input: INPUT,
    victims: VICTIMS,
    folder: await temporaryFolder(),
    say: (line) => process.stdout.write(`${line}\n`),
    env: {
      CRITIQUE_LOOP_VLLM: vllm.command.join(' '),
      CRITIQUE_LOOP_VLLM_ARGS: '--max-num-seqs 32',
      CRITIQUE_LOOP_PYTHON: python,
    },
  });
  expect(report).toMatchObject({
    ok: true,
    completed: true,
    rows: { lost: 0, twice: 0, unexpected: 0 },
    kills: expect.arrayContaining(VICTIMS.map((victim) => expect.objectContaining({ victim }))),
    left: [],
    crashes: 0,
    fineTunes: [
      { whole: true, starts: 2 },
      { whole: true, starts: 1, repeated: 0 },
    ],
  });
  // Half of the answers are right, so that every stage has something to do.
  expect(report.rows.total).toBeGreaterThan(2 * 120 + 3 * 60 + 2 * 2 * 120);
});

async function references(...sources: SelfImproveInput['questions'][]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const source of sources) {
    const signal = new AbortController().signal;
    const { questions } = await openQuestions(Questions.parse(source), { cache: '', env: {}, signal });
    for await (const { question, reference } of questions) found[question] = reference;
  }
  return found;
}
