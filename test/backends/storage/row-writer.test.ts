import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRows, writeRows } from '../../../src/backends/storage/artifacts.ts';
import { RowWriter } from '../../../src/backends/storage/row-writer.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';

async function aStore(): Promise<FolderStore> {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-rows-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return new FolderStore(folder);
}

it.each([0, 1, 255, 256, 257, 5000])('writes %s rows as they would be written at once', async (count) => {
  const store = await aStore();
  const rows = Array.from({ length: count }, (_, i) => ({ i, text: `row ${i}` }));
  const writer = new RowWriter<object>(store, 'one-by-one.jsonl');
  for (const row of rows) await writer.add(row);
  const ref = await writer.close();
  expect({ ...ref, uri: '' }).toEqual({ ...(await writeRows(store, 'at-once.jsonl', rows)), uri: '' });
  const read = [];
  for await (const row of readRows(store, ref)) read.push(row);
  expect(read).toEqual(rows);
});

it('tells whoever adds or closes that the store fails', async () => {
  const store = await aStore();
  await store.write('taken', ['a file']);
  const writer = new RowWriter<number>(store, 'taken/rows.jsonl');
  const adding = (async () => {
    for (let i = 0; i < 10_000; i++) await writer.add(i);
  })();
  await expect(adding).rejects.toThrow('a file is where a folder should be');
  await expect(writer.close()).rejects.toThrow('a file is where a folder should be');
});
