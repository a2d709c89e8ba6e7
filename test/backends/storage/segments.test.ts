import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ArtifactRef, readRows, writeRows } from '../../../src/backends/storage/artifacts.ts';
import { ShardRows, type ShardRowsOptions } from '../../../src/backends/storage/segments.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import fc from '../../support/properties.ts';

interface Row {
  item: string;
  sample: number;
  text: string;
}

const URI = 'runs/a/sample/shard-000.jsonl';
const SEGMENTS = 'runs/a/sample/shard-000.segments';
const rowsOf = (item: string, text = item): Row[] => [0, 1, 2].map((sample) => ({ item, sample, text }));
const open = (store: FolderStore, options: Partial<ShardRowsOptions<Row>> = {}) =>
  ShardRows.open<Row>(store, URI, { itemOf: (row) => row.item, ...options });
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

async function rowsIn(store: FolderStore, ref: ArtifactRef): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows<Row>(store, ref)) rows.push(row);
  return rows;
}

async function stored(store: FolderStore, shard: ShardRows<Row>, items: string[]): Promise<Row[]> {
  return await rowsIn(store, await shard.commit(items));
}

/** The rows that an attempt finds when it opens the shard. */
async function foundRows(store: FolderStore): Promise<Row[]> {
  const found: Row[] = [];
  await open(store, { seen: (rows) => found.push(...rows) });
  return found;
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
    expect(await foundRows(store)).toEqual(['q1', 'q2'].flatMap((q) => rowsOf(q)));
    const again = await open(store);
    expect(await again.commit(['q1', 'q2'])).toEqual(first);
    expect(await store.list(SEGMENTS)).toEqual([]);
  });

  test('keeps its segments beside a part', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q2', 'q1');
    const part = await shard.commitPart(['q1', 'q2']);
    expect(part).toMatchObject({ uri: 'runs/a/sample/shard-000.part.jsonl', rows: 6 });
    expect(await foundRows(store)).toHaveLength(6);
    expect(await store.size(URI)).toBeNull();
  });

  test('has a part in the order of its items, then what else there is, flushed or not', async () => {
    const store = await newStore();
    await attempt(store, 'q9');
    const shard = await attempt(store, 'q3', 'q1');
    shard.add(rowsOf('q2'));
    const flushing = shard.flush();
    shard.add(rowsOf('q0'));
    const part = await shard.commitPart(['q0', 'q1', 'q2', 'q3', 'q4']);
    await flushing;
    expect(await rowsIn(store, part)).toEqual(['q0', 'q1', 'q2', 'q3', 'q9'].flatMap((q) => rowsOf(q)));
  });

  test('shows the rows of each item once, be they found or added', async () => {
    const store = await newStore();
    await attempt(store, 'q1', 'q2');
    const seen: Row[][] = [];
    const shard = await open(store, { seen: (rows) => seen.push([...rows]) });
    for (const item of ['q3', 'q2', 'q3']) shard.add(rowsOf(item));
    await shard.flush();
    await shard.commit(['q1', 'q2', 'q3']);
    expect(seen.sort(([a], [b]) => a!.item.localeCompare(b!.item))).toEqual(
      ['q1', 'q2', 'q3'].map((item) => rowsOf(item)),
    );
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
    expect(await foundRows(store)).toEqual([...rowsOf('q1'), ...rowsOf('q2')]);
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
    const found = await foundRows(store);
    expect(found.map(({ item }) => item).sort()).toEqual(['q1', 'q1', 'q1', 'q2', 'q2', 'q2']);
    expect(await stored(store, await open(store), ['q1', 'q2'])).toEqual([
      ...rowsOf('q1'),
      ...found.filter(({ item }) => item === 'q2'),
    ]);
    expect(new Set(found.map(({ text }) => text)).size).toBe(2);
  });

  test('keeps its own rows of an item, and not what an attempt that overlaps writes later', async () => {
    const store = await newStore();
    const slow = await open(store);
    const successor = await attempt(store, 'q1');
    slow.add(rowsOf('q1', 'by the slow one'));
    await slow.flush();
    expect(await stored(store, successor, ['q1'])).toEqual(rowsOf('q1'));
  });

  test('that another attempt has finished meanwhile is StoreUnavailable, and found whole by the next', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q1', 'q2');
    const slow = await open(store);
    const ref = await shard.commit(['q1', 'q2']);
    await expect(slow.commit(['q1', 'q2'])).rejects.toMatchObject({ type: 'StoreUnavailable', retryable: true });
    expect(readdirSync(store.path('runs/a/sample'))).toEqual(['shard-000.jsonl']);
    expect(await (await open(store)).commit(['q1', 'q2'])).toEqual(ref);
  });

  test('is not made of a segment that was cut short since it was found', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q1');
    const [segment] = await store.list(SEGMENTS);
    truncateSync(store.path(segment!), readFileSync(store.path(segment!)).length - 5);
    await expect(shard.commit(['q1'])).rejects.toMatchObject({ type: 'StoreUnavailable' });
    expect(await store.size(URI)).toBeNull();
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
    ['in its last line end', (path) => truncateSync(path, readFileSync(path).length - 1), ['q0', 'q1', 'q2', 'q3']],
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

/** Reads come in small pieces, which end anywhere. */
class ChoppedDisk extends FullDisk {
  override async *read(key: string): AsyncIterable<Buffer> {
    for await (const chunk of super.read(key))
      for (let from = 0; from < chunk.length; from += 13) yield chunk.subarray(from, from + 13);
  }
}

test('the artifact has the same bytes as all rows written in order, whatever its history', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ö', '数', '😀', '\n', '\ud800', '"'), maxLength: 30 });
  const item = fc.record({
    rows: fc.array(text, { minLength: 1, maxLength: 4 }),
    /** In which order items are finished. */
    finished: fc.nat(1000),
    /** What happens after it. */
    next: fc.constantFrom('', '', '', 'flush', 'flush', 'fail', 'part', 'overlap', 'kill', 'whole'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 30 }), fc.integer({ min: 1, max: 400 }), async (made, readAtOnce) => {
      const store = new ChoppedDisk(await temporaryFolder());
      const history = made.map(({ rows, ...rest }, i) => ({
        ...rest,
        rows: rows.map((text, sample): Row => ({ item: `q${i}`, sample, text })),
      }));
      const items = history.map((_, i) => `q${i}`);
      const naive = await writeRows(
        store,
        URI.replace('runs', 'naive'),
        history.flatMap(({ rows }) => rows),
      );

      const reopen = async () => {
        const seen: Row[] = [];
        return { seen, shard: await open(store, { readAtOnce, seen: (rows) => seen.push(...rows) }) };
      };
      let { shard, seen } = await reopen();
      for (const { rows, next } of history.toSorted((a, b) => a.finished - b.finished)) {
        shard.add(rows);
        store.full = next === 'fail';
        if (next === 'flush') await shard.flush();
        if (next === 'fail') await expect(shard.flush()).rejects.toThrow('the disk is full');
        store.full = false;
        if (next === 'part') expect((await shard.commitPart(items)).rows).toBe(seen.length);
        if (next === 'overlap') {
          const { shard: other } = await reopen();
          other.add(rows);
          await other.flush();
        }
        if (next === 'kill') ({ shard, seen } = await reopen());
        if (next === 'whole') {
          // An artifact that lacks rows: its shard is finished all the same.
          await shard.commit(items);
          ({ shard, seen } = await reopen());
        }
      }
      for (const { rows } of history) shard.add(rows);
      expect(await shard.commit(items)).toEqual({ ...naive, uri: URI });
      expect(seen).toHaveLength(naive.rows);
      ({ shard, seen } = await reopen());
      expect(await shard.commit(items)).toEqual({ ...naive, uri: URI });
      expect(seen).toEqual(history.flatMap(({ rows }) => rows));
    }),
    { numRuns: 100 },
  );
});

describe('a big shard', () => {
  const WINDOW = 50;
  const items = Array.from({ length: 2000 }, (_, i) => `q${i}`);
  const bigRowsOf = (item: string) => rowsOf(item, item.padEnd(1000, '.'));
  const total = items.flatMap((item) => bigRowsOf(item)).reduce((sum, row) => sum + JSON.stringify(row).length + 1, 0);

  /** Knows how many bytes were read, and at most between two writes. */
  class WatchedStore extends FolderStore {
    bytesRead = 0;
    unwritten = 0;
    mostUnwritten = 0;
    override async *read(key: string): AsyncIterable<Buffer> {
      for await (const chunk of super.read(key)) {
        this.bytesRead += chunk.length;
        this.unwritten += chunk.length;
        this.mostUnwritten = Math.max(this.mostUnwritten, this.unwritten);
        yield chunk;
      }
    }
    override async write(key: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
      const wrote = () => {
        this.unwritten = 0;
      };
      async function* watched() {
        for await (const chunk of chunks) {
          wrote();
          yield chunk;
        }
      }
      await super.write(key, watched());
    }
  }

  /** Items end out of order, as requests do, and the first one last of all. */
  async function finished(store: FolderStore): Promise<ShardRows<Row>> {
    const shard = await open(store, { readAtOnce: total / 25 });
    const ended = (i: number) => (i === 0 ? Number.POSITIVE_INFINITY : i + ((i * 7919) % WINDOW));
    for (const [count, i] of [...items.keys()].sort((a, b) => ended(a) - ended(b)).entries()) {
      shard.add(bigRowsOf(items[i]!));
      if (count % 20 === 0) await shard.flush();
    }
    await shard.flush();
    return shard;
  }

  test('becomes its artifact a stretch at a time, each segment read about twice', async () => {
    const store = new WatchedStore(await temporaryFolder());
    const shard = await finished(store);
    expect(store.bytesRead).toBe(0);
    const ref = await shard.commit(items);
    expect(ref).toMatchObject({ rows: 6000, bytes: total });
    // All rows came out of the store: none was kept.
    expect(store.bytesRead).toBeGreaterThanOrEqual(total);
    expect(store.bytesRead).toBeLessThan(3 * total);
    expect(store.mostUnwritten).toBeLessThan(total / 5);
    const rows = await rowsIn(store, ref);
    expect(rows.map(({ item }) => item)).toEqual(items.flatMap((item) => [item, item, item]));
  });

  test('becomes a part the same way', async () => {
    const store = new WatchedStore(await temporaryFolder());
    const shard = await finished(store);
    expect(await shard.commitPart([])).toMatchObject({ rows: 6000, bytes: total });
    expect(store.bytesRead).toBeGreaterThanOrEqual(total);
    expect(store.mostUnwritten).toBeLessThan(total / 5);
  });
});
