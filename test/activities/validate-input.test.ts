import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { validateFineTune } from '../../src/activities/validate-fine-tune.ts';
import { type ValidateDeps, validateEvaluate, validateInput } from '../../src/activities/validate-input.ts';
import { readJson, writeJson } from '../../src/backends/storage/json.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import { temporaryFolder } from '../support/folder.ts';
import { aRun, emptyCheckpoint } from '../support/run-input.ts';

const url = 'http://127.0.0.1:1/v1';
const inside = new MockActivityEnvironment(
  { workflowExecution: { workflowId: 'old', runId: 'r' } },
  { logger: new DefaultLogger('ERROR', () => {}) },
);

type Validated = { config: object };
type Validate = (deps: ValidateDeps, input: unknown) => Promise<Validated>;

/** A run of these folders that an earlier version began: its run.json has none of the fields that came later. */
async function begun(validate: Validate, input: object, result: string, without: (config: never) => void) {
  const store = new FolderStore(await temporaryFolder());
  const again = (changed: object): Promise<Validated> =>
    inside.run(() => validate({ store, hasSearchAttributes: async () => true }, structuredClone(changed)));
  const { config } = await again(input);
  const old = structuredClone(config);
  without(old as never);
  expect(old).not.toEqual(config);
  await writeJson(store, 'runs/old/run.json', { workflowId: 'old', config: old });
  await writeJson(store, `runs/old/${result}`, {});
  return { again, config, claimed: () => readJson<{ config: object }>(store, 'runs/old/run.json') };
}

const RUNS: Record<string, () => Promise<Parameters<typeof begun>>> = {
  evaluate: async () => [
    validateEvaluate,
    anEvaluation({ url }),
    'greedy/shard-000.jsonl',
    ({ actor, critic }: Record<string, Record<string, unknown>>) => {
      delete actor!.style;
      delete critic!.promptFamily;
    },
  ],
  selfImprove: async () => [
    validateInput,
    aRun({ url, actorFolder: await emptyCheckpoint(await temporaryFolder()) }),
    'iteration-0/selection.json',
    (config: Record<string, Record<string, unknown>>) => {
      delete config.critic!.retrain;
      delete config.oracle;
    },
  ],
  fineTune: async () => [
    validateFineTune,
    { base: await emptyCheckpoint(await temporaryFolder()), data: 'test/fixtures/gsm8k-50.jsonl' },
    'fine-tune/job.json',
    (config: Record<string, unknown>) => {
      delete config.promote;
      delete config.evaluation;
    },
  ],
};

describe.each(Object.keys(RUNS))('a %s that an older version left half done', (type) => {
  it('goes on under the same ID, with what has come since', async () => {
    const run = await RUNS[type]!();
    const { again, config, claimed } = await begun(...run);
    expect((await again(run[1])).config).toEqual(config);
    expect((await claimed())?.config).toEqual(config);
  });

  it('is refused another input', async () => {
    const run = await RUNS[type]!();
    const { again } = await begun(...run);
    await expect(again({ ...run[1], seed: 99 })).rejects.toMatchObject({ type: 'StoreConflict' });
  });
});
