import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ArtifactRef, readRows, writeRows } from '../../../src/backends/storage/artifacts.ts';
import { ShardRows, type ShardRowsOptions } from '../../../src/backends/storage/segments.ts';
import { type ByteRange, type Chunks, FolderStore, type Store } from '../../../src/backends/storage/store.ts';
import { compiled } from '../../support/compiled.ts';
import { temporaryFolder } from '../../support/folder.ts';
import fc from '../../support/properties.ts';
import { inTurns } from '../../support/turns.ts';

interface Row {
  item: string;
  sample: number;
  text: string;
}

const URI = 'runs/a/sample/shard-000.jsonl';
const SEGMENTS = 'runs/a/sample/shard-000.segments';
const PART = 'runs/a/sample/shard-000.000001.part.jsonl';
const rowsOf = (item: string, text = item): Row[] => [0, 1, 2].map((sample) => ({ item, sample, text }));
const newStore = async () => new FolderStore(await temporaryFolder());

async function open(store: Store, options: Partial<ShardRowsOptions<Row>> = {}): Promise<ShardRows<Row>> {
  const shard = await ShardRows.open<Row>(store, URI, { itemOf: (row) => row.item, ...options });
  onTestFinished(() => shard.close());
  return shard;
}

/** An attempt that finishes items. */
async function attempt(store: Store, ...items: string[]): Promise<ShardRows<Row>> {
  const shard = await open(store);
  for (const item of items) await shard.add(rowsOf(item));
  return shard;
}

async function rowsIn(store: Store, ref: ArtifactRef): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows<Row>(store, ref)) rows.push(row);
  return rows;
}

async function stored(store: Store, shard: ShardRows<Row>, items: string[]): Promise<Row[]> {
  return await rowsIn(store, await shard.commit(items));
}

/** The rows that an attempt finds when it opens the shard. */
async function foundRows(store: Store): Promise<Row[]> {
  const found: Row[] = [];
  await open(store, { seen: (rows) => found.push(...rows) });
  return found;
}

/** The segment of the attempt that is in its place. */
const segment = (store: FolderStore, fence = 1) => store.path(`${SEGMENTS}/00000${fence}.jsonl`);

/** Artifacts don't fit on it. */
class FullDisk extends FolderStore {
  full = false;
  override async write(key: string, chunks: Chunks): Promise<void> {
    if (this.full) throw new Error('the disk is full');
    await super.write(key, chunks);
  }
  override async create(key: string, chunks: Chunks): Promise<boolean> {
    if (this.full) throw new Error('the disk is full');
    return await super.create(key, chunks);
  }
}

describe('a shard', () => {
  test('finds what earlier attempts added, and only that', async () => {
    const store = await newStore();
    await attempt(store, 'q1', 'q3');
    await attempt(store, 'q2');
    const third = await open(store);
    expect(['q1', 'q2', 'q3', 'q9'].map((item) => third.has(item))).toEqual([true, true, true, false]);
    await third.add(rowsOf('q4'));
    expect(third.has('q4')).toBe(true);
    expect(await stored(store, third, ['q1', 'q2', 'q3', 'q4'])).toEqual(
      ['q1', 'q2', 'q3', 'q4'].flatMap((q) => rowsOf(q)),
    );
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
    void shard.add(rowsOf('q3'));
    const flushing = shard.flush();
    await shard.commit(['q1', 'q2', 'q3']);
    await flushing;
    await shard.flush();
    expect(readdirSync(store.path('runs/a/sample'))).toEqual(['shard-000.jsonl']);
  });

  test('that is an artifact already is found whole, and is the same again', async () => {
    const store = await newStore();
    const first = await (await attempt(store, 'q1', 'q2')).commit(['q1', 'q2']);
    // What an attempt leaves that was killed between writing the artifact and removing the segments.
    await store.write(`${SEGMENTS}/000001.jsonl`, ['left']);
    expect(await foundRows(store)).toEqual(['q1', 'q2'].flatMap((q) => rowsOf(q)));
    const again = await open(store);
    expect(await again.commitPart(['q2', 'q1'])).toEqual(first);
    // An item without rows makes no other artifact.
    expect(await again.commit(['q0', 'q1', 'q2'])).toEqual(first);
    expect(await store.list(SEGMENTS)).toEqual([]);
  });

  test('of more items than its artifact becomes another one beside it: what it works on had been cut short', async () => {
    const store = await newStore();
    const first = await (await attempt(store, 'q1', 'q3')).commit(['q1', 'q3']);
    const again = await open(store);
    expect(['q1', 'q2', 'q3'].map((item) => again.has(item))).toEqual([true, false, true]);
    await again.add(rowsOf('q2'));
    await again.flush();
    // Killed, and made again.
    const last = await open(store);
    expect(last.has('q2')).toBe(true);
    const second = await last.commit(['q1', 'q2', 'q3']);
    expect(second.uri).toBe(URI.replace('.jsonl', '.v2.jsonl'));
    expect(await rowsIn(store, second)).toEqual(['q1', 'q2', 'q3'].flatMap((q) => rowsOf(q)));
    expect(await rowsIn(store, first)).toEqual(['q1', 'q3'].flatMap((q) => rowsOf(q)));
    expect(await (await open(store)).commit(['q1', 'q2', 'q3'])).toEqual(second);
    // Of fewer items it is yet another.
    expect(await rowsIn(store, await (await open(store)).commit(['q2']))).toEqual(rowsOf('q2'));
  });

  test('keeps its segments beside a part, which no later attempt changes', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q2', 'q1');
    const part = await shard.commitPart(['q1', 'q2']);
    expect(part).toMatchObject({ uri: PART, rows: 6 });
    expect(await store.size(URI)).toBeNull();
    const second = await attempt(store, 'q3');
    expect(await second.commitPart(['q1', 'q2', 'q3'])).toMatchObject({ uri: PART.replace('1', '2'), rows: 9 });
    await second.commit(['q1', 'q2', 'q3']);
    expect(await rowsIn(store, part)).toEqual(['q1', 'q2'].flatMap((q) => rowsOf(q)));
  });

  test('has a part in the order of its items, then what else there is, flushed or not', async () => {
    const store = await newStore();
    await attempt(store, 'q9');
    const shard = await attempt(store, 'q3', 'q1');
    await shard.flush();
    void shard.add(rowsOf('q2'));
    const part = await shard.commitPart(['q0', 'q1', 'q2', 'q3', 'q4']);
    expect(await rowsIn(store, part)).toEqual(['q1', 'q2', 'q3', 'q9'].flatMap((q) => rowsOf(q)));
  });

  test('that waits for its engine, attempt after attempt, leaves no more than one empty segment', async () => {
    const store = await newStore();
    await attempt(store, 'q1');
    for (let i = 0; i < 5; i++) await open(store);
    expect(readdirSync(store.path(SEGMENTS))).toEqual(['000001.jsonl', '000006.jsonl']);
    const last = await attempt(store, 'q2');
    expect(await stored(store, last, ['q1', 'q2'])).toHaveLength(6);
  });

  test('shows the rows of each item once, be they found or added', async () => {
    const store = await newStore();
    await attempt(store, 'q1', 'q2');
    const seen: Row[][] = [];
    const shard = await open(store, { seen: (rows) => seen.push([...rows]) });
    for (const item of ['q3', 'q2', 'q3']) await shard.add(rowsOf(item));
    await shard.flush();
    await shard.commit(['q1', 'q2', 'q3']);
    expect(seen.sort(([a], [b]) => a!.item.localeCompare(b!.item))).toEqual(
      ['q1', 'q2', 'q3'].map((item) => rowsOf(item)),
    );
  });

  test('whose commit fails keeps its segments and can be committed later', async () => {
    const store = new FullDisk(await temporaryFolder());
    const shard = await attempt(store, 'q1', 'q2');
    store.full = true;
    await expect(shard.commit(['q1', 'q2'])).rejects.toThrow('the disk is full');
    store.full = false;
    expect(await foundRows(store)).toHaveLength(6);
    expect(await stored(store, await open(store), ['q1', 'q2'])).toEqual([...rowsOf('q1'), ...rowsOf('q2')]);
  });

  test('is not made of a segment that was changed since it was found', async () => {
    const store = await newStore();
    const shard = await attempt(store, 'q1');
    truncateSync(segment(store), readFileSync(segment(store)).length - 5);
    await expect(shard.commit(['q1'])).rejects.toMatchObject({ type: 'StoreUnavailable' });
    expect(await store.size(URI)).toBeNull();
  });

  test('of a killed process has every item that was added, and nothing else', async () => {
    const store = await newStore();
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', ADDS_FOR_EVER, await compiled('backends/storage/segments.ts'), store.root, URI],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const added: string[] = [];
    for await (const item of createInterface({ input: child.stdout! })) {
      added.push(item);
      if (added.length === 500) child.kill('SIGKILL');
    }
    const shard = await open(store);
    expect(added.length).toBeGreaterThanOrEqual(500);
    expect(added.filter((item) => !shard.has(item))).toEqual([]);
    const found = await stored(store, shard, added);
    expect(found).toEqual(added.flatMap((item) => rowsOf(item)));
  });
});

const ADDS_FOR_EVER = `
  const [, segments, root, uri] = process.argv;
  const { ShardRows } = await import(segments);
  const { FolderStore } = await import(segments.replace('segments.js', 'store.js'));
  const shard = await ShardRows.open(new FolderStore(root), uri, { itemOf: (row) => row.item });
  const one = async (item) => {
    await shard.add([0, 1, 2].map((sample) => ({ item, sample, text: item })));
    process.stdout.write(item + '\\n');
  };
  for (let i = 0; ; i += 7) await Promise.all(Array.from({ length: 7 }, (_, j) => one('q' + (i + j))));`;

describe('two attempts of one shard', () => {
  test('end as the newer one: the older one is Superseded, and what it still had is found by the next', async () => {
    const store = await newStore();
    const older = await attempt(store, 'q1');
    const newer = await open(store);
    await older.add(rowsOf('q2', 'by the older one'));
    for (const work of [() => older.flush(), () => older.commit(['q1', 'q2']), () => older.commitPart([])])
      await expect(work()).rejects.toMatchObject({ type: 'Superseded', retryable: true });
    expect(newer.has('q2')).toBe(false);
    await newer.add(rowsOf('q2', 'by the newer one'));
    await newer.flush();
    const next = await open(store);
    expect(await stored(store, next, ['q1', 'q2'])).toEqual([...rowsOf('q1'), ...rowsOf('q2', 'by the newer one')]);
  });

  test('never change an artifact that one of them has made', async () => {
    const store = await newStore();
    const newer = await attempt(store, 'q1', 'q2');
    const ref = await newer.commit(['q1', 'q2']);
    const late = await ShardRows.open<Row>(store, URI, { itemOf: (row) => row.item });
    expect(await late.commit(['q2', 'q1'])).toEqual(ref);
    expect(await rowsIn(store, ref)).toHaveLength(6);
  });

  test('of which one finishes while the other reads its segments leave what the first one made', async () => {
    const store = await newStore();
    const older = await attempt(store, 'q1');
    const newer = await open(store);
    rmSync(store.path(SEGMENTS), { recursive: true });
    await expect(newer.commit(['q1'])).rejects.toMatchObject({ type: 'Superseded' });
    await expect(older.commit(['q1'])).rejects.toMatchObject({ type: 'Superseded' });
  });

  test('in any order of their steps: no item is lost or there twice, and there is one artifact', async () => {
    const items = ['q0', 'q1', 'q2'];
    const run = async (store: Store, who: number): Promise<ArtifactRef | string> => {
      const shard = await ShardRows.open<Row>(store, URI, { itemOf: (row) => row.item });
      try {
        for (const item of who === 0 ? items : items.toReversed()) {
          if (!shard.has(item)) await shard.add(rowsOf(item, `by ${who}`));
          await shard.flush();
        }
        return await shard.commit(items);
      } finally {
        await shard.close();
      }
    };
    let superseded = 0;
    const schedule = fc.array(fc.nat(2), { minLength: 10, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(schedule, async (order) => {
        const folder = new FolderStore(await temporaryFolder());
        const ends = await inTurns(
          folder,
          order,
          [0, 1, 2].map((who) => (store: Store) => run(store, who)),
        );
        for (const end of ends)
          if (end.status === 'rejected') {
            expect(end.reason).toMatchObject({ type: 'Superseded' });
            superseded++;
          }
        // As Temporal would: whoever was superseded is tried again.
        const last = await run(folder, 3);
        for (const end of ends) if (end.status === 'fulfilled') expect(end.value).toEqual(last);
        const rows = await rowsIn(folder, last as ArtifactRef);
        expect(rows.map(({ item, sample }) => ({ item, sample }))).toEqual(
          items.flatMap((item) => [0, 1, 2].map((sample) => ({ item, sample }))),
        );
        for (let i = 0; i < rows.length; i += 3)
          expect(new Set(rows.slice(i, i + 3).map(({ text }) => text)).size).toBe(1);
        expect(readdirSync(folder.path('runs/a/sample'))).toEqual(['shard-000.jsonl']);
      }),
      { numRuns: 60 },
    );
    expect(superseded).toBeGreaterThan(20);
  }, 60_000);
});

describe('a segment that was damaged', () => {
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
  const change = (path: string, at: number, line: string) =>
    writeFileSync(path, `${lines(path).with(at, line).join('\n')}\n`);
  const foreign = async (): Promise<string> => {
    const store = await newStore();
    const other = await ShardRows.open<Row>(store, 'runs/a/sample/shard-001.jsonl', { itemOf: (row) => row.item });
    await other.add(rowsOf('q2'));
    await other.close();
    return lines(store.path('runs/a/sample/shard-001.segments/000001.jsonl'))[0]!;
  };

  test.each<[string, (path: string) => void | Promise<void>, string[], number]>([
    ['in its last line', (path) => truncateSync(path, readFileSync(path).length - 5), ['q1', 'q2'], 0],
    ['in its last line end', (path) => truncateSync(path, readFileSync(path).length - 1), ['q1', 'q2', 'q3'], 0],
    ['in its first line', (path) => truncateSync(path, 5), [], 0],
    ['by a tail of zeros', (path) => appendFileSync(path, Buffer.alloc(100)), ['q1', 'q2', 'q3'], 0],
    ['in its middle', (path) => change(path, 1, lines(path)[1]!.slice(0, 30)), ['q1', 'q3'], 1],
    ['by one letter', (path) => change(path, 1, lines(path)[1]!.replace('q2', 'q7')), ['q1', 'q3'], 1],
    ['by a foreign line', async (path) => change(path, 1, await foreign()), ['q1', 'q3'], 1],
    ['by rows without checksum', (path) => change(path, 1, JSON.stringify(rowsOf('q2')[0])), ['q1', 'q3'], 1],
    ['by empty lines', (path) => appendFileSync(path, '\n\n'), ['q1', 'q2', 'q3'], 2],
  ])('%s gives its whole items, and the next attempt makes the others', async (_, tear, kept, damaged) => {
    const store = await newStore();
    await attempt(store, 'q0');
    await attempt(store, 'q1', 'q2', 'q3');
    await tear(segment(store, 2));
    const torn = readFileSync(segment(store, 2));
    const told: unknown[] = [];
    const shard = await open(store, { damaged: (...what) => told.push(what) });
    expect(['q1', 'q2', 'q3'].filter((item) => shard.has(item))).toEqual(kept);
    const copy = 'runs/a/sample/shard-000.aside/000002.jsonl';
    expect(told).toEqual(damaged === 0 ? [] : [[`${SEGMENTS}/000002.jsonl`, damaged, copy]]);
    const items = ['q0', 'q1', 'q2', 'q3'];
    for (const item of items) await shard.add(rowsOf(item));
    expect(await stored(store, await open(store), items)).toEqual(items.flatMap((q) => rowsOf(q)));
    // It is told once, and kept when the segments are gone.
    expect(told).toHaveLength(damaged === 0 ? 0 : 1);
    if (damaged > 0) expect(readFileSync(store.path(copy))).toEqual(torn);
  });
});

/** Reads come in small pieces, which end anywhere. */
class ChoppedDisk extends FullDisk {
  override async *read(key: string, range?: ByteRange): AsyncIterable<Buffer> {
    for await (const chunk of super.read(key, range))
      for (let from = 0; from < chunk.length; from += 13) yield chunk.subarray(from, from + 13);
  }
}

test('the artifact has the same bytes as all rows written in order, whatever its history', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ö', '数', '😀', '\n', '\t', '\ud800', '"'), maxLength: 30 });
  const item = fc.record({
    rows: fc.array(text, { minLength: 1, maxLength: 4 }),
    /** In which order items are finished. */
    finished: fc.nat(1000),
    /** What happens after it. */
    next: fc.constantFrom('', '', '', 'flush', 'flush', 'fail', 'part', 'overlap', 'kill', 'torn'),
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
        await shard.add(rows);
        if (next === 'flush') await shard.flush();
        if (next === 'fail') {
          store.full = true;
          await expect(shard.commit(items)).rejects.toThrow('the disk is full');
          store.full = false;
        }
        if (next === 'part') expect((await shard.commitPart(items)).rows).toBe(seen.length);
        if (next === 'overlap') {
          const older = shard;
          ({ shard, seen } = await reopen());
          await older.add(history[0]!.rows);
          await expect(older.flush()).rejects.toMatchObject({ type: 'Superseded' });
        }
        if (next === 'kill') ({ shard, seen } = await reopen());
        if (next === 'torn') {
          const newest = store.path((await store.list(SEGMENTS)).at(-1)!);
          truncateSync(newest, Math.max(0, readFileSync(newest).length - 7));
          ({ shard, seen } = await reopen());
        }
      }
      for (const { rows } of history) await shard.add(rows);
      expect(await shard.commit(items)).toEqual({ ...naive, uri: URI });
      expect(seen).toHaveLength(naive.rows);
      ({ shard, seen } = await reopen());
      expect(await shard.commit(items)).toEqual({ ...naive, uri: URI });
      expect(seen).toEqual(history.flatMap(({ rows }) => rows));
    }),
    { numRuns: 60 },
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
    override async *read(key: string, range?: ByteRange): AsyncIterable<Buffer> {
      for await (const chunk of super.read(key, range)) {
        this.bytesRead += chunk.length;
        this.unwritten += chunk.length;
        this.mostUnwritten = Math.max(this.mostUnwritten, this.unwritten);
        yield chunk;
      }
    }
    override async write(key: string, chunks: Chunks): Promise<void> {
      await super.write(key, this.#watched(chunks));
    }
    override async create(key: string, chunks: Chunks): Promise<boolean> {
      return await super.create(key, this.#watched(chunks));
    }
    async *#watched(chunks: Chunks): Chunks {
      for await (const chunk of chunks) {
        this.unwritten = 0;
        yield chunk;
      }
    }
  }

  /** Items end out of order, as requests do, and the first one last of all. */
  async function finished(store: FolderStore): Promise<ShardRows<Row>> {
    const shard = await open(store, { readAtOnce: total / 25 });
    const ended = (i: number) => (i === 0 ? Number.POSITIVE_INFINITY : i + ((i * 7919) % WINDOW));
    for (const [count, i] of [...items.keys()].sort((a, b) => ended(a) - ended(b)).entries()) {
      const added = shard.add(bigRowsOf(items[i]!));
      if (count % 20 === 0) await added;
    }
    await shard.flush();
    return shard;
  }

  test('becomes its artifact a stretch at a time, each piece read about twice', async () => {
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
