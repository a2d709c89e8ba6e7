/** Rows of a later stage beside those that they came from: in the same order, but not all of them. */
export class Follower<Row> {
  readonly #rows: AsyncIterator<Row>;
  readonly #keyOf: (row: Row) => string;
  #next: Row | null | undefined;

  constructor(rows: AsyncIterable<Row>, keyOf: (row: Row) => string) {
    this.#rows = rows[Symbol.asyncIterator]();
    this.#keyOf = keyOf;
  }

  /** The row of this key; null where there is none. Keys are asked for in the order of the rows. */
  async take(key: string): Promise<Row | null> {
    const next = await this.#peek();
    if (next === null || this.#keyOf(next) !== key) return null;
    this.#next = undefined;
    return next;
  }

  /** @throws Error where rows are left: then they were in another order */
  async end(): Promise<void> {
    const next = await this.#peek();
    if (next !== null) throw new Error(`the row ${this.#keyOf(next)} follows none`);
  }

  async #peek(): Promise<Row | null> {
    if (this.#next === undefined) {
      const { done, value } = await this.#rows.next();
      this.#next = done ? null : value;
    }
    return this.#next!;
  }
}
