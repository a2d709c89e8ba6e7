/** Rows of a later stage beside those that they came from: in the same order, but not of all of them. Holds the rows of one key. */
export class Follower<Row> {
  readonly #groups: AsyncIterator<Row[]>;
  readonly #keyOf: (row: Row) => string;
  #next: Row[] | null | undefined;

  constructor(rows: AsyncIterable<Row>, keyOf: (row: Row) => string) {
    this.#groups = grouped(rows, keyOf)[Symbol.asyncIterator]();
    this.#keyOf = keyOf;
  }

  /** All rows of this key. Keys are asked for in the order of the rows. */
  async take(key: string): Promise<Row[]> {
    const next = await this.#peek();
    if (next === null || this.#keyOf(next[0]!) !== key) return [];
    this.#next = undefined;
    return next;
  }

  /** @throws Error where rows are left: then they were in another order */
  async end(): Promise<void> {
    const next = await this.#peek();
    if (next !== null) throw new Error(`the row ${this.#keyOf(next[0]!)} follows none`);
  }

  async #peek(): Promise<Row[] | null> {
    if (this.#next === undefined) {
      const { done, value } = await this.#groups.next();
      this.#next = done ? null : value;
    }
    return this.#next!;
  }
}

/** Rows that follow each other and have the same key, together. */
export async function* grouped<Row>(rows: AsyncIterable<Row>, keyOf: (row: Row) => string): AsyncIterable<Row[]> {
  let group: Row[] = [];
  for await (const row of rows) {
    if (group.length > 0 && keyOf(row) !== keyOf(group[0]!)) {
      yield group;
      group = [];
    }
    group.push(row);
  }
  if (group.length > 0) yield group;
}
