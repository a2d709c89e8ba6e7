import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PreparedChild, type PrepareTask, prepareChild } from '../../../src/activities/study/prepare-child.ts';
import { awaitResult, keepResult } from '../../../src/activities/study/results.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Study } from '../../../src/config/study.ts';
import { aStudy } from '../../support/study-input.ts';

let folder: string;
let store: FolderStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  store = new FolderStore(join(folder, 'store'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const config = Study.parse(aStudy({ actorFolder: 'org/base', url: 'http://127.0.0.1:1/v1' }));
const inside = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
const prepare = (task: Partial<PrepareTask>): Promise<PreparedChild> =>
  inside.run(() => prepareChild({ store }, { config, step: 'reason', done: {}, ...task }));
const keep = (workflowId: string, result: object) => inside.run(keepResult, { store }, { workflowId, result });

const improved = (name: string, weights: string) => ({
  status: 'completed',
  checkpoint: { name, uri: `runs/${name}/checkpoint`, sha256: weights },
});

describe('preparing a child of a study', () => {
  it('names it after the step and what it will do', async () => {
    const { workflowId, run, result } = await prepare({});
    expect(workflowId).toMatch(/^reason-[0-9a-f]{12}$/);
    expect(run).toBe(`runs/${workflowId}`);
    expect(result).toBeNull();
    expect((await prepare({})).workflowId).toBe(workflowId);
    expect((await prepare({ config: { ...config, seed: 8 } })).workflowId).not.toBe(workflowId);
  });

  it('gives it what earlier children left, and the same name for the same weights', async () => {
    await keep('one', improved('one', 'abc'));
    await keep('same', improved('same', 'abc'));
    await keep('other', improved('other', 'abd'));
    const [one, same, other] = await Promise.all(
      ['one', 'same', 'other'].map((reason) => prepare({ step: 'critiques', done: { reason } })),
    );
    expect(one!.input).toMatchObject({ actor: { model: 'runs/one/checkpoint' } });
    expect(same!.workflowId).toBe(one!.workflowId);
    expect(other!.workflowId).not.toBe(one!.workflowId);
  });

  it('finds what it said before', async () => {
    const { workflowId } = await prepare({});
    const said = improved('reason', 'abc');
    await keep(workflowId, said);
    expect((await prepare({})).result).toEqual(said);
  });
});

describe('waiting for what another study runs', () => {
  it('fails in a way that is tried again until the result is there', async () => {
    const look = () => inside.run(awaitResult, { store }, { workflowId: 'loop-1' });
    await expect(look()).rejects.toMatchObject({ type: 'ResultPending', retryable: true });
    await keep('loop-1', { status: 'completed' });
    expect(await look()).toEqual({ status: 'completed' });
  });
});
