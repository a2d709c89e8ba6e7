import { type ArtifactRef, writeRows } from './artifacts.ts';
import type { Store } from './store.ts';

/** Rows that wait for the disk, at most. */
const MOST_WAITING = 256;

/** An artifact whose rows come one by one, for whoever writes several at once. */
export class RowWriter<Row> {
  /** So many so far. */
  rows = 0;
  readonly #written: Promise<ArtifactRef>;
  #waiting: Row[] = [];
  #ended = false;
  #wake = () => {};
  #drained = () => {};

  constructor(store: Store, uri: string) {
    this.#written = writeRows(store, uri, this.#rows());
    // Whoever adds or closes is told.
    this.#written.catch(() => this.#drained());
  }

  async add(row: Row): Promise<void> {
    this.rows++;
    this.#waiting.push(row);
    this.#wake();
    if (this.#waiting.length < MOST_WAITING) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    await Promise.race([drained, this.#written]);
  }

  async close(): Promise<ArtifactRef> {
    this.#ended = true;
    this.#wake();
    return await this.#written;
  }

  async *#rows(): AsyncIterable<Row> {
    for (;;) {
      const rows = this.#waiting;
      this.#waiting = [];
      this.#drained();
      yield* rows;
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
