import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EmbeddedEngine } from '../../../src/backends/inference/embedded.ts';
import type { ServedModel } from '../../../src/backends/inference/engine.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Critic } from '../../../src/config/models.ts';
import { temporaryFolder } from '../../support/folder.ts';

const model: ServedModel = { config: Critic.parse({ model: 'models/critic' }), checkpoint: null };
const signal = new AbortController().signal;

/** An engine whose interpreter is a shell script. */
async function engineOf(script: string): Promise<EmbeddedEngine> {
  const folder = await temporaryFolder();
  const program = join(folder, 'python');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return new EmbeddedEngine({ store: new FolderStore(folder), python: async () => program });
}

test('an engine that ends at once is EngineUnavailable with its last words, for all who wait, and is tried again', async () => {
  const folder = await temporaryFolder();
  const engine = await engineOf(`echo started >> ${folder}/starts; echo "No module named 'torch'" >&2; exit 3`);
  const both = await Promise.allSettled([engine.serve(model, signal), engine.serve(model, signal)]);
  for (const result of both)
    expect(result).toMatchObject({
      reason: {
        type: 'EngineUnavailable',
        message: "the embedded engine ended (3): No module named 'torch'",
      },
    });
  await expect(engine.serve(model, signal)).rejects.toThrow('ended (3)');
  expect(await readFile(`${folder}/starts`, 'utf8')).toBe('started\nstarted\n');
  await engine.close();
});

test('an interpreter that is not there is EngineUnavailable and named', async () => {
  const store = new FolderStore('/store');
  const engine = new EmbeddedEngine({ store, python: async () => '/no/such/python' });
  await expect(engine.serve(model, signal)).rejects.toMatchObject({
    type: 'EngineUnavailable',
    message: expect.stringContaining('/no/such/python'),
  });
  await engine.close();
});

test('closing does not wait for an engine that is still starting, and leaves none', async () => {
  const folder = await temporaryFolder();
  const engine = await engineOf(`echo $$ > ${folder}/pid; exec sleep 60`);
  const serving = engine.serve(model, signal).catch((error) => error);
  let pid = 0;
  while (pid === 0) {
    await sleep(10);
    pid = Number(await readFile(`${folder}/pid`, 'utf8').catch(() => ''));
  }
  await engine.close();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(await serving).toMatchObject({ type: 'EngineUnavailable', message: expect.stringContaining('SIGTERM') });
});

test('closing while Python is being set up starts no engine afterwards', async () => {
  let install = (_python: string) => {};
  const python = () =>
    new Promise<string>((resolve) => {
      install = resolve;
    });
  const engine = new EmbeddedEngine({ store: new FolderStore('/store'), python });
  const serving = engine.serve(model, signal).catch((error) => error);
  await sleep(1);
  await engine.close();
  install('/no/such/python');
  expect(await serving).toMatchObject({ type: 'EngineUnavailable', message: expect.stringContaining('closed') });
});

test('nothing is started for a request that is aborted already', async () => {
  const engine = new EmbeddedEngine({
    store: new FolderStore('/store'),
    python: () => expect.fail('asked for the interpreter'),
  });
  await expect(engine.serve(model, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
