import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommonProgress } from '../../src/workflows/contract.ts';
import { Bench } from '../support/bench.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import { temporalAddress } from '../support/temporal.ts';
import { logged } from '../support/workers.ts';

const bench = Bench.use(() => temporalAddress);

/** Expects the same warnings in what the run says while it runs and in the end, in what the UI shows, in its report and in the log. */
async function expectLoud(id: string, result: { warnings: string[] }, expected: RegExp[]): Promise<void> {
  const handle = bench.client.workflow.getHandle(id);
  const { warnings } = await handle.query<CommonProgress>('progress');
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  for (const pattern of expected) {
    const warning = result.warnings.find((text) => pattern.test(text));
    expect(warning, `${pattern} in ${JSON.stringify(result.warnings)}`).toBeDefined();
    expect(warnings).toContain(warning);
    expect(currentDetails).toContain(`**Warning:** ${warning}`);
    expect(logged.some(({ message }) => message === warning || warning!.endsWith(message))).toBe(true);
  }
}

const expectReported = async (id: string, patterns: RegExp[]) => {
  const report = (await bench.reportText(id)).replaceAll('&quot;', '"');
  for (const pattern of patterns) expect(report).toMatch(new RegExp(pattern.source.replace(/^\^/, '')));
};

describe('a run that would be a quiet success says so:', () => {
  it('no answer is right, and nothing is accepted', async () => {
    const fake = await bench.fake({ skill: () => 0 });
    const result = await (
      await bench.start('loud-none', bench.input(fake, { critic: null, pool: 40, tested: 30 }))
    ).result();
    expect(result.status).toBe('completed');
    const expected = [
      /^iteration 0, evaluate\/sample: none of 30 answers is right/,
      /^iteration 1, sample: none of 80 answers is right/,
      /^iteration 1: nothing that was explored is accepted/,
    ];
    await expectLoud('loud-none', result, expected);
    await expectReported('loud-none', expected);
  });

  it('an accuracy that collapses', async () => {
    const fake = await bench.fake({ skill: (model) => (model.includes('/iteration-1/') ? 0.02 : 0.9) });
    const result = await (
      await bench.start('loud-collapse', bench.input(fake, { critic: null, tested: 100 }))
    ).result();
    const expected = [/^iteration 1: accuracy fell from \d+ % to [\d.]+ % \(n = 100\)/];
    await expectLoud('loud-collapse', result, expected);
    await expectReported('loud-collapse', expected);
  });

  it('critiques that are none', async () => {
    const fake = await bench.fake({ models: ['actor', 'critic'] });
    fake.fault = ({ kind }) => (kind === 'critique' ? { status: 400, message: 'no critiques today' } : null);
    const shape = { url: fake.url, tested: 30, samples: 0, samplesWithCritic: 0, critic: {} };
    const handle = await bench.startEvaluation('loud-refused', anEvaluation(shape));
    // Nothing at all came of a stage: that is no success.
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'BadRequest' } });
  });

  it('what a child says is said by its parent, under the name that it has there', async () => {
    const fake = await bench.fake({ skill: () => 0, models: [bench.actorFolder] });
    const data = join(bench.folder, 'rows.jsonl');
    await writeFile(data, '{"prompt":"1 + 1?","completion":"2"}\n');
    const questions = { source: 'arithmetic', split: 'test', seed: 1, count: 30 } as const;
    const evaluation = { questions, endpoint: { baseUrl: fake.url } };
    const handle = await bench.startFineTune('loud-child', { base: bench.actorFolder, data, evaluation });
    const result = await handle.result();
    expect(result.warnings).toEqual([
      expect.stringMatching(/^candidate: greedy, sample: none of 30 answers is right/),
      expect.stringMatching(/^against: greedy, sample: none of 30 answers is right/),
    ]);
    await expectLoud('loud-child', result, [/^candidate: /, /^against: /]);
  });
});
