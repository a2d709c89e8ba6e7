import { randomUUID } from 'node:crypto';
import { Failure } from '../failures.ts';
import { type ArtifactRef, readLines, writeLines } from './artifacts.ts';
import type { Store } from './store.ts';

/** Rows that are read at once while an artifact is written, in characters; a single item may have more. */
const READ_AT_ONCE = 4 * 1024 * 1024;

export interface ShardRowsOptions<Row> {
  /** The item that a row belongs to. */
  itemOf(row: Row): string;
  /** Whether an earlier attempt's rows of an item are final; all are by default. */
  isDone?(rows: readonly Row[]): boolean;
  /** Gets each item's rows once: where an earlier attempt's are found, and where new ones are added. */
  seen?(rows: readonly Row[]): void;
  readAtOnce?: number;
}

/** Where an item's rows are: lines `from` to `to` (exclusive) of an object. */
interface Place {
  key: string;
  from: number;
  to: number;
  /** In characters. */
  size: number;
}

/**
 * The finished rows of one shard, kept in immutable segments until the shard is whole.
 * A new attempt opens the same key and finds what earlier ones finished: the store is the truth.
 * Rows belong to items (a question, a response, a critique); an item's rows are written together or not at all.
 * In memory are only the rows that are not flushed yet, and of all others where they are.
 */
export class ShardRows<Row> {
  readonly #store: Store;
  readonly #uri: string;
  readonly #options: ShardRowsOptions<Row>;
  /** Each item's place, or its lines until they have one. */
  readonly #items = new Map<string, Place | readonly string[]>();
  #pending = new Map<string, readonly string[]>();
  #flushing: Promise<void> = Promise.resolve();

  private constructor(store: Store, uri: string, options: ShardRowsOptions<Row>) {
    this.#store = store;
    this.#uri = uri;
    this.#options = options;
  }

  /** @param uri key of the artifact that the shard becomes, ending in `.jsonl` */
  static async open<Row>(store: Store, uri: string, options: ShardRowsOptions<Row>): Promise<ShardRows<Row>> {
    const shard = new ShardRows<Row>(store, uri, options);
    const whole = (await store.size(uri)) !== null;
    for (const key of whole ? [uri] : await store.list(segmentsOf(uri))) {
      for await (const { item, rows, place } of readItems(store, key, options.itemOf)) {
        // An attempt that lives on after its successor began may have finished the same item.
        if (shard.has(item) || options.isDone?.(rows) === false) continue;
        shard.#items.set(item, place);
        options.seen?.(rows);
      }
    }
    return shard;
  }

  has(item: string): boolean {
    return this.#items.has(item);
  }

  /** All rows of one item; of an item that is there already, nothing. */
  add(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const item = this.#options.itemOf(rows[0]!);
    if (this.has(item)) return;
    const lines = rows.map((row) => JSON.stringify(row));
    this.#items.set(item, lines);
    this.#pending.set(item, lines);
    this.#options.seen?.(rows);
  }

  /** Writes what was added since the last time as one segment. */
  async flush(): Promise<void> {
    const flushed = this.#flushing.then(async () => {
      if (this.#pending.size === 0) return;
      const added = this.#pending;
      this.#pending = new Map();
      const key = `${segmentsOf(this.#uri)}/${randomUUID()}.jsonl`;
      try {
        await writeLines(this.#store, key, [...added.values()].flat());
      } catch (error) {
        this.#pending = new Map([...added, ...this.#pending]);
        throw error;
      }
      let from = 0;
      for (const [item, lines] of added) {
        const to = from + lines.length;
        this.#items.set(item, { key, from, to, size: lengthOf(lines) });
        from = to;
      }
    });
    this.#flushing = flushed.catch(() => {});
    await flushed;
  }

  /** Turns the segments into the shard's artifact, its rows in the order of `items`. */
  async commit(items: Iterable<string>): Promise<ArtifactRef> {
    await this.#flushing;
    const ref = await writeLines(this.#store, this.#uri, this.#lines(items));
    this.#pending.clear();
    await this.#store.remove(segmentsOf(this.#uri));
    return ref;
  }

  /**
   * An artifact of what there is so far, in the order of `items` and then what else earlier attempts finished;
   * the segments stay, for the shard may yet be finished.
   */
  async commitPart(items: Iterable<string>): Promise<ArtifactRef> {
    const all = new Set([...items, ...this.#items.keys()]);
    return await writeLines(this.#store, this.#uri.replace(/\.jsonl$/, '.part.jsonl'), this.#lines(all));
  }

  /**
   * The lines of items. They were finished in nearly this order, so that a stretch of them is in few segments:
   * each segment is read about twice, or once more for an item that took much longer than its neighbours.
   */
  async *#lines(items: Iterable<string>): AsyncIterable<string> {
    for (const stretch of this.#stretches(items)) {
      const found = await this.#find(stretch);
      for (const item of stretch) yield* found.get(item) ?? [];
    }
  }

  *#stretches(items: Iterable<string>): Iterable<string[]> {
    const { readAtOnce = READ_AT_ONCE } = this.#options;
    let stretch: string[] = [];
    let size = 0;
    for (const item of items) {
      const kept = this.#items.get(item);
      const more = kept && 'key' in kept ? kept.size : 0;
      if (stretch.length > 0 && size + more > readAtOnce) {
        yield stretch;
        stretch = [];
        size = 0;
      }
      stretch.push(item);
      size += more;
    }
    yield stretch;
  }

  async #find(items: readonly string[]): Promise<Map<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    const wanted = new Map<string, Map<number, string[]>>();
    for (const item of items) {
      const kept = this.#items.get(item);
      if (kept === undefined) continue;
      if (!('key' in kept)) {
        found.set(item, kept);
        continue;
      }
      const lines: string[] = [];
      found.set(item, lines);
      const ofKey = wanted.get(kept.key) ?? new Map<number, string[]>();
      for (let at = kept.from; at < kept.to; at++) ofKey.set(at, lines);
      wanted.set(kept.key, ofKey);
    }
    for (const [key, lines] of wanted) await pickLines(this.#store, key, lines);
    for (const item of items) {
      const kept = this.#items.get(item);
      // Whoever comes next reads what there is then.
      if (kept && 'key' in kept && lengthOf(found.get(item)!) !== kept.size)
        throw new Failure('StoreUnavailable', `${kept.key} has lost rows: did another attempt finish this shard?`);
    }
    return found;
  }
}

const segmentsOf = (uri: string) => uri.replace(/\.jsonl$/, '.segments');

const lengthOf = (lines: readonly string[]) => lines.reduce((total, line) => total + line.length, 0);

/**
 * Items of a segment that a failing disk may have cut short: those before the first line that is torn,
 * without the item that stands there, for some of its rows may be missing.
 */
async function* readItems<Row>(
  store: Store,
  key: string,
  itemOf: (row: Row) => string,
): AsyncIterable<{ item: string; rows: Row[]; place: Place }> {
  let last: { item: string; rows: Row[]; place: Place } | undefined;
  let at = 0;
  for await (const line of readLines(store.read(key))) {
    let row: Row;
    try {
      row = JSON.parse(line) as Row;
    } catch {
      return;
    }
    const item = itemOf(row);
    if (last?.item !== item) {
      if (last) yield last;
      last = { item, rows: [], place: { key, from: at, to: at, size: 0 } };
    }
    last.rows.push(row);
    last.place.to = ++at;
    last.place.size += line.length;
  }
  if (last) yield last;
}

/** Adds each wanted line, by its number, to the list that wants it. Lines in between are skipped as bytes, which is quick. */
async function pickLines(store: Store, key: string, wanted: Map<number, string[]>): Promise<void> {
  if ((await store.size(key)) === null) return;
  let at = 0;
  let line: Buffer[] = [];
  const endLine = () => {
    wanted.get(at)?.push(decoder.decode(Buffer.concat(line)));
    wanted.delete(at++);
    line = [];
  };
  for await (const chunk of store.read(key)) {
    let from = 0;
    for (let to = chunk.indexOf('\n'); to >= 0; to = chunk.indexOf('\n', from)) {
      line.push(chunk.subarray(from, to));
      endLine();
      if (wanted.size === 0) return;
      from = to + 1;
    }
    if (from < chunk.length) line.push(chunk.subarray(from));
  }
  if (line.length > 0) endLine();
}

const decoder = new TextDecoder();
