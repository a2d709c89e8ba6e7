import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ArtifactRef,
  readAllRows,
  readLines,
  readRows,
  writeRows,
} from '../../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import fc from '../../support/properties.ts';

const newStore = async () => new FolderStore(await temporaryFolder());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('an artifact', () => {
  test('has the hash, the size and the number of rows of its file', async () => {
    const store = await newStore();
    const rows = Array.from({ length: 600 }, (_, i) => ({ i, text: 'größer → 数学 \n "x"' }));
    const ref = await writeRows(store, 'runs/a/rows.jsonl', rows);
    const bytes = readFileSync(store.path(ref.uri));
    expect(ref).toEqual({
      uri: 'runs/a/rows.jsonl',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      rows: 600,
      bytes: bytes.length,
    });
    expect(bytes.toString().trimEnd().split('\n')).toHaveLength(600);
    expect(await collect(readRows(store, ref))).toEqual(rows);
  });

  test('may be empty', async () => {
    const store = await newStore();
    const ref = await writeRows(store, 'none.jsonl', []);
    expect(ref).toMatchObject({ rows: 0, bytes: 0 });
    expect(await collect(readRows(store, ref))).toEqual([]);
  });

  test('of the same rows is the same, wherever they come from', async () => {
    const store = await newStore();
    async function* later() {
      for (let i = 0; i < 700; i++) {
        if (i % 100 === 0) await setImmediate();
        yield { i };
      }
    }
    const { uri: _, ...one } = await writeRows(store, 'one', later());
    const { uri: __, ...other } = await writeRows(
      store,
      'other',
      Array.from({ length: 700 }, (_, i) => ({ i })),
    );
    expect(one).toEqual(other);
  });

  test('is read one after the other with others', async () => {
    const store = await newStore();
    const refs = [
      await writeRows(store, 'a', [1, 2]),
      await writeRows(store, 'b', []),
      await writeRows(store, 'c', [3]),
    ];
    expect(await collect(readAllRows(store, refs))).toEqual([1, 2, 3]);
  });

  test('of 100,000 rows streams in and out in little memory', async () => {
    const store = await newStore();
    const text = 'x'.repeat(1000);
    let written = 0;
    let highest = 0;
    const watch = () => {
      highest = Math.max(highest, process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
    };
    async function* rows() {
      for (; written < 100_000; written++) {
        if (written % 5000 === 0) watch();
        yield { written, text };
      }
    }
    const before = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const ref = await writeRows(store, 'many', rows());
    expect(ref.bytes).toBeGreaterThan(100_000_000);
    let read = 0;
    for await (const row of readRows<{ written: number }>(store, ref)) {
      if (row.written !== read++) expect.fail(`row ${row.written} came as row ${read}`);
      if (read % 5000 === 0) watch();
    }
    expect(read).toBe(100_000);
    expect(highest - before).toBeLessThan(80_000_000);
  });
});

describe('an artifact that is no longer what it was', () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ i, text: 'some text' }));
  const spoil: [string, (path: string, ref: ArtifactRef) => void][] = [
    ['one letter changed', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('some', 'sOme'))],
    ['a line no longer JSON', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('{', '['))],
    ['cut short in a line', (path, ref) => truncateSync(path, ref.bytes - 5)],
    ['cut short between lines', (path, ref) => truncateSync(path, ref.bytes - ref.bytes / 10)],
    ['emptied', (path) => writeFileSync(path, '')],
    ['longer', (path) => appendFileSync(path, '{"i":10}\n')],
    ['made of other bytes that decode alike', (path) => writeFileSync(path, readFileSync(path).fill(0xff, 3, 4))],
  ];
  test.each(spoil)('%s, is CorruptArtifact', async (_, change) => {
    const store = await newStore();
    const ref = await writeRows(store, 'rows', rows);
    change(store.path('rows'), ref);
    await expect(collect(readRows(store, ref))).rejects.toMatchObject({
      type: 'CorruptArtifact',
      message: expect.stringContaining('rows'),
    });
  });

  test('gone, names the store', async () => {
    const store = await newStore();
    const ref = await writeRows(store, 'runs/a/rows', rows);
    await store.write('runs/b/rows', ['x']);
    await store.remove('runs/a');
    await expect(collect(readRows(store, ref))).rejects.toMatchObject({
      type: 'CorruptArtifact',
      message: expect.stringContaining(store.root),
    });
  });

  test('gone with all others, is waited for: a shared folder that is not mounted looks like this', async () => {
    const store = await newStore();
    const ref = await writeRows(store, 'runs/a/rows', rows);
    await rename(store.path('runs'), `${store.root}-away`);
    onTestFinished(() => rm(`${store.root}-away`, { recursive: true, force: true }));
    await expect(collect(readRows(store, ref))).rejects.toMatchObject({
      type: 'StoreUnavailable',
      message: expect.stringContaining('is it mounted?'),
    });
    await rename(`${store.root}-away`, store.path('runs'));
    expect(await collect(readRows(store, ref))).toEqual(rows);
  });

  test('of another length gives no row at all', async () => {
    const store = await newStore();
    const ref = await writeRows(store, 'rows', rows);
    truncateSync(store.path('rows'), ref.bytes - 5);
    await expect(readRows(store, ref)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      type: 'CorruptArtifact',
    });
  });
});

test('lines come out alike however the bytes are cut', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ö', '数', '😀', ' ', '\r') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.boolean(),
      fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      async (...args) => {
        const [lines, ended, sizes] = args;
        const text = lines.join('\n') + (ended ? '\n' : '');
        async function* chunks() {
          const bytes = Buffer.from(text);
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value as number;
            yield bytes.subarray(at, at + size);
            at += size;
          }
        }
        const expected = text.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(await collect(readLines(chunks()))).toEqual(expected);
      },
    ),
    { numRuns: 200 },
  );
});
