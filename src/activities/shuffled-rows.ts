import { randomUUID } from 'node:crypto';
import { type ArtifactRef, readRows, writeRows } from '../backends/storage/artifacts.ts';
import { RowWriter } from '../backends/storage/row-writer.ts';
import type { Store } from '../backends/storage/store.ts';
import type { PlacedRow, Selection } from '../method/select.ts';
import type { SftRow } from '../method/sft.ts';

/** Rows of a part on average, at most: they are in memory together. */
const PART = 16_384;
/** Parts are written at once. */
const MOST_PARTS = 128;

/**
 * The rows of a selection, in the order in which the trainer gets them. In memory is one part of them at a time; the others are in the store,
 * where an attempt that lives on after its successor began loses its own and touches no others.
 */
export class ShuffledRows {
  readonly #store: Store;
  readonly #uri: string;
  readonly #selection: Selection;
  readonly #keys: string[];
  readonly #parts: RowWriter<PlacedRow>[];

  private constructor(store: Store, uri: string, selection: Selection, parts: number) {
    const attempt = randomUUID();
    this.#store = store;
    this.#uri = uri;
    this.#selection = selection;
    this.#keys = Array.from({ length: parts }, (_, part) => `${partsOf(uri)}/${attempt}-${part}.jsonl`);
    this.#parts = this.#keys.map((key) => new RowWriter(store, key));
  }

  /**
   * @param uri of the artifact that they become
   * @param atMost so many rows
   */
  static async open(store: Store, uri: string, selection: Selection, atMost: number): Promise<ShuffledRows> {
    await store.remove(partsOf(uri));
    return new ShuffledRows(store, uri, selection, Math.min(MOST_PARTS, Math.max(1, Math.ceil(atMost / PART))));
  }

  async add(row: PlacedRow): Promise<void> {
    await this.#parts[this.#selection.partOf(row, this.#parts.length)]!.add(row);
  }

  async write(): Promise<ArtifactRef> {
    const parts = await Promise.all(this.#parts.map((part) => part.close()));
    return await writeRows(this.#store, this.#uri, this.#rows(parts));
  }

  /** Whether or not they were written. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#parts.map((part) => part.close()));
    for (const key of this.#keys) await this.#store.remove(key);
  }

  async *#rows(parts: ArtifactRef[]): AsyncIterable<SftRow> {
    for (const part of parts) {
      const rows: PlacedRow[] = [];
      for await (const row of readRows<PlacedRow>(this.#store, part)) rows.push(row);
      yield* this.#selection.shuffle(rows);
    }
  }
}

const partsOf = (uri: string) => uri.replace(/\.jsonl$/, '.parts');
