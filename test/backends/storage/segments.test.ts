import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRows } from '../../../src/backends/storage/artifacts.ts';
import { ShardRows } from '../../../src/backends/storage/segments.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { temporaryFolder } from '../../support/folder.ts';

interface Row {
  item: string;
  sample: number;
  text: string;
}

const URI = 'runs/a/sample/shard-000.jsonl';
const SEGMENTS = 'runs/a/sample/shard-000.segments';
const rowsOf = (item: string, text = item): Row[] => [0, 1, 2].map((sample) => ({ item, sample, text }));
const open = (store: FolderStore) => ShardRows.open<Row>(store, URI, (row) => row.item);
const newStore = async () => new FolderStore(await temporaryFolder());

/** An attempt that finishes items, a segment for each. */
async function attempt(store: FolderStore, ...items: string[]): Promise<ShardRows<Row>> {
  const shard = await open(store);
  for (const item of items) {
    shard.add(rowsOf(item));
    await shard.flush();
  }
  return shard;
}

async function stored(store: FolderStore, shard: ShardRows<Row>, items: string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows<Row>(store, await shard.commit(items))) rows.push(row);
  return rows;
}

class FullDisk extends FolderStore {
  full = false;
  override async write(key: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
    if (this.full) throw new Error('the disk is full');
    await super.write(key, chunks);
  }
}

describe('a shard', () => {
  test('finds what earlier attempts flushed, and only that', async () => {
    const store = await newStore();
    const first = await attempt(store, 'q1', 'q3');
    first.add(rowsOf('q9'));
    await attempt(store, 'q2');
    const third = await open(store);
    expect(third.items).toBe(3);
    expect(['q1', 'q2', 'q3', 'q9'].map((item) => third.has(item))).toEqual([true, true, true, false]);
    third.add(rowsOf('q4'));
    expect(third.has('q4')).toBe(true);
    expect(await stored(store, third, ['q1', 'q2', 'q3', 'q4'])).toEqual(
      ['q1', 'q2', 'q3', 'q4'].flatMap((q) => rowsOf(q)),
    );
  });

  test('flushes each row once', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q1');
    await shard.flush();
    await Promise.all([shard.flush(), shard.flush()]);
    expect(await store.list(SEGMENTS)).toHaveLength(1);
    shard.add(rowsOf('q2'));
    await Promise.all([shard.flush(), shard.flush(), shard.flush()]);
    expect(await store.list(SEGMENTS)).toHaveLength(2);
  });

  test('is ordered by its items, not by when they were finished, and is the same after any history', async () => {
    const items = ['q1', 'q2', 'q3', 'q4'];
    const straight = await newStore();
    const one = await (await attempt(straight, ...items)).commit(items);
    const broken = await newStore();
    await attempt(broken, 'q4', 'q2');
    const two = await (await attempt(broken, 'q3', 'q1')).commit(items);
    expect(two).toEqual(one);
  });

  test('becomes an artifact with no segments beside it', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q1', 'q2');
    shard.add(rowsOf('q3'));
    await shard.commit(['q1', 'q2', 'q3']);
    await shard.flush();
    expect(readdirSync(store.path('runs/a/sample'))).toEqual(['shard-000.jsonl']);
  });

  test('waits for a flush on its way before it becomes an artifact', async () => {
    const store = await newStore();
    const shard = await open(store);
    shard.add(rowsOf('q1'));
    const flushing = shard.flush();
    await shard.commit(['q1']);
    await flushing;
    expect(readdirSync(store.path('runs/a/sample'))).toEqual(['shard-000.jsonl']);
  });

  test('that is an artifact already is found whole, and becomes the same again', async () => {
    const store = await newStore();
    const first = await (await attempt(store, 'q1', 'q2')).commit(['q1', 'q2']);
    // What an attempt leaves that was killed between writing the artifact and removing the segments.
    await store.write(`${SEGMENTS}/left.jsonl`, [`${JSON.stringify(rowsOf('q1')[0])}\n`]);
    const again = await open(store);
    expect(again.all()).toEqual(['q1', 'q2'].flatMap((q) => rowsOf(q)));
    expect(await again.commit(['q1', 'q2'])).toEqual(first);
    expect(await store.list(SEGMENTS)).toEqual([]);
  });

  test('keeps its segments beside a part', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q2', 'q1');
    const part = await shard.commitPart();
    expect(part).toMatchObject({ uri: 'runs/a/sample/shard-000.part.jsonl', rows: 6 });
    expect((await open(store)).items).toBe(2);
    expect(await store.size(URI)).toBeNull();
  });

  test('whose flush fails loses nothing: the next flush writes it', async () => {
    const store = new FullDisk(await temporaryFolder());
    const shard = await open(store);
    shard.add(rowsOf('q1'));
    store.full = true;
    await expect(shard.flush()).rejects.toThrow('the disk is full');
    shard.add(rowsOf('q2'));
    await expect(shard.flush()).rejects.toThrow('the disk is full');
    store.full = false;
    await shard.flush();
    expect((await open(store)).all()).toEqual([...rowsOf('q1'), ...rowsOf('q2')]);
  });

  test('whose commit fails keeps its segments and can be committed later', async () => {
    const store = new FullDisk(await temporaryFolder());
    const shard = await attempt(store, 'q1');
    shard.add(rowsOf('q2'));
    store.full = true;
    await expect(shard.commit(['q1', 'q2'])).rejects.toThrow('the disk is full');
    store.full = false;
    await shard.flush();
    expect(await stored(store, await open(store), ['q1', 'q2'])).toEqual([...rowsOf('q1'), ...rowsOf('q2')]);
  });

  test('has an item once although two attempts that overlapped finished it', async () => {
    const store = await newStore();
    const slow = await attempt(store, 'q1');
    const successor = await open(store);
    slow.add(rowsOf('q2', 'by the slow one'));
    successor.add(rowsOf('q2', 'by its successor'));
    await slow.flush();
    await successor.flush();
    const rows = (await open(store)).all().filter(({ item }) => item === 'q2');
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ text }) => text)).size).toBe(1);
  });
});

describe('a segment that was torn', () => {
  async function tornStore(tear: (path: string) => void): Promise<FolderStore> {
    const store = await newStore();
    const shard = await attempt(store, 'q0');
    const [before] = await store.list(SEGMENTS);
    for (const item of ['q1', 'q2', 'q3']) shard.add(rowsOf(item));
    await shard.flush();
    const torn = (await store.list(SEGMENTS)).find((key) => key !== before)!;
    tear(store.path(torn));
    return store;
  }
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

  test.each<[string, (path: string) => void, string[]]>([
    // The item at the tear may lack rows: it is asked again.
    [
      'in the last row of its last item',
      (path) => truncateSync(path, readFileSync(path).length - 5),
      ['q0', 'q1', 'q2'],
    ],
    [
      'in the first row of its last item',
      (path) => truncateSync(path, lines(path).slice(0, 6).join('\n').length + 5),
      ['q0', 'q1'],
    ],
    ['in its first row', (path) => truncateSync(path, 5), ['q0']],
    ['by a tail of zeros', (path) => appendFileSync(path, Buffer.alloc(100)), ['q0', 'q1', 'q2']],
    ['in its middle', (path) => writeFileSync(path, lines(path).with(4, '{"item":"q2","sam').join('\n')), ['q0', 'q1']],
  ])('%s gives its whole items and is finished by the next attempt', async (_, tear, kept) => {
    const store = await tornStore(tear);
    const shard = await open(store);
    expect(['q0', 'q1', 'q2', 'q3'].filter((item) => shard.has(item))).toEqual(kept);
    const items = ['q0', 'q1', 'q2', 'q3'];
    for (const item of items) if (!shard.has(item)) shard.add(rowsOf(item));
    await shard.flush();
    expect(await stored(store, await open(store), items)).toEqual(items.flatMap((q) => rowsOf(q)));
  });
});
