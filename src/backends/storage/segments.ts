import { randomUUID } from 'node:crypto';
import { type ArtifactRef, readLines, writeRows } from './artifacts.ts';
import type { Store } from './store.ts';

/**
 * The finished rows of one shard, kept in immutable segments until the shard is whole.
 * A new attempt opens the same key and finds what earlier ones finished: the store is the truth.
 * Rows belong to items (a question, a response, a critique); an item's rows are written together or not at all.
 */
export class ShardRows<Row> {
  readonly #store: Store;
  readonly #uri: string;
  readonly #itemOf: (row: Row) => string;
  readonly #rows = new Map<string, Row[]>();
  #pending: Row[] = [];
  #flushing: Promise<void> = Promise.resolve();

  private constructor(store: Store, uri: string, itemOf: (row: Row) => string) {
    this.#store = store;
    this.#uri = uri;
    this.#itemOf = itemOf;
  }

  /** @param uri key of the artifact that the shard becomes, ending in `.jsonl` */
  static async open<Row>(store: Store, uri: string, itemOf: (row: Row) => string): Promise<ShardRows<Row>> {
    const shard = new ShardRows<Row>(store, uri, itemOf);
    const whole = (await store.size(uri)) !== null;
    for (const key of whole ? [uri] : await store.list(segmentsOf(uri))) {
      const items = groupBy(await readSound<Row>(store, key, itemOf), itemOf);
      // An attempt that lives on after its successor began may have finished the same item.
      for (const [item, rows] of items) if (!shard.has(item)) shard.#rows.set(item, rows);
    }
    return shard;
  }

  has(item: string): boolean {
    return this.#rows.has(item);
  }

  get items(): number {
    return this.#rows.size;
  }

  all(): Row[] {
    return [...this.#rows.values()].flat();
  }

  /** All rows of one item. */
  add(rows: Row[]): void {
    for (const [item, added] of groupBy(rows, this.#itemOf)) this.#rows.set(item, added);
    this.#pending.push(...rows);
  }

  /** Writes what was added since the last time as one segment. */
  async flush(): Promise<void> {
    const flushed = this.#flushing.then(async () => {
      if (this.#pending.length === 0) return;
      const rows = this.#pending;
      this.#pending = [];
      try {
        await writeRows(this.#store, `${segmentsOf(this.#uri)}/${randomUUID()}.jsonl`, rows);
      } catch (error) {
        this.#pending = [...rows, ...this.#pending];
        throw error;
      }
    });
    this.#flushing = flushed.catch(() => {});
    await flushed;
  }

  /** Turns the segments into the shard's artifact, its rows in the order of `items`. */
  async commit(items: readonly string[]): Promise<ArtifactRef> {
    await this.#flushing;
    const ordered = items.flatMap((item) => this.#rows.get(item) ?? []);
    const ref = await writeRows(this.#store, this.#uri, ordered);
    this.#pending = [];
    await this.#store.remove(segmentsOf(this.#uri));
    return ref;
  }

  /** An artifact of what there is so far; the segments stay, for the shard may yet be finished. */
  async commitPart(): Promise<ArtifactRef> {
    return await writeRows(this.#store, this.#uri.replace(/\.jsonl$/, '.part.jsonl'), this.all());
  }
}

const segmentsOf = (uri: string) => uri.replace(/\.jsonl$/, '.segments');

function groupBy<Row>(rows: Row[], itemOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const item = itemOf(row);
    const group = groups.get(item);
    if (group) group.push(row);
    else groups.set(item, [row]);
  }
  return groups;
}

/**
 * Rows of a segment that a failing disk may have cut short: those before the first line that is torn,
 * without the item that stands there, for some of its rows may be missing.
 */
async function readSound<Row>(store: Store, key: string, itemOf: (row: Row) => string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const line of readLines(store.read(key))) {
    try {
      rows.push(JSON.parse(line) as Row);
    } catch {
      const last = rows.at(-1);
      return last === undefined ? [] : rows.filter((row) => itemOf(row) !== itemOf(last));
    }
  }
  return rows;
}
