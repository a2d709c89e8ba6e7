/**
 * Rows of a later stage by the row that they came from. They stand in the order of those, but for the last ones of a shard that was cut
 * short: only where they don't are any kept in memory.
 */
export class Grouped<Row> {
  readonly #rows: AsyncIterator<Row>;
  readonly #keyOf: (row: Row) => string;
  readonly #ahead = new Map<string, Row[]>();
  #next: Row | undefined;

  constructor(rows: AsyncIterable<Row>, keyOf: (row: Row) => string) {
    this.#rows = rows[Symbol.asyncIterator]();
    this.#keyOf = keyOf;
  }

  /** All rows of a key, once; none where there are none. */
  async take(key: string): Promise<Row[]> {
    for (;;) {
      const found = this.#ahead.get(key);
      if (found) {
        this.#ahead.delete(key);
        return found;
      }
      const group = await this.#group();
      if (group.length === 0) return [];
      this.#ahead.set(this.#keyOf(group[0]!), group);
    }
  }

  async #group(): Promise<Row[]> {
    const group: Row[] = [];
    for (;;) {
      this.#next ??= await this.#read();
      if (this.#next === undefined) return group;
      if (group.length > 0 && this.#keyOf(this.#next) !== this.#keyOf(group[0]!)) return group;
      group.push(this.#next);
      this.#next = undefined;
    }
  }

  async #read(): Promise<Row | undefined> {
    const { done, value } = await this.#rows.next();
    return done ? undefined : value;
  }
}
