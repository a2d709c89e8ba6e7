import type { Place } from './journal.ts';

/** Numbers of an item: its object, and the bytes from and to. */
const WIDTH = 3;
const FIRST_ITEMS = 64;

/** Where each item of a shard is. A shard may have tens of thousands, so that a place is three numbers and no object. */
export class Places {
  readonly #index = new Map<string, number>();
  readonly #objects: string[] = [];
  #numbers = new Float64Array(WIDTH * FIRST_ITEMS);

  has(item: string): boolean {
    return this.#index.has(item);
  }

  get(item: string): Place | undefined {
    const index = this.#index.get(item);
    if (index === undefined) return undefined;
    const [object, from, to] = this.#numbers.subarray(WIDTH * index, WIDTH * (index + 1));
    return { key: this.#objects[object!]!, from: from!, to: to! };
  }

  /** Of an item that has none yet. */
  add(item: string, { key, from, to }: Place): void {
    const at = WIDTH * this.#index.size;
    this.#index.set(item, this.#index.size);
    if (at === this.#numbers.length) {
      const numbers = new Float64Array(2 * at);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers.set([this.#number(key), from, to], at);
  }

  items(): Iterable<string> {
    return this.#index.keys();
  }

  /** Items come object by object. */
  #number(key: string): number {
    const known = this.#objects.lastIndexOf(key);
    return known >= 0 ? known : this.#objects.push(key) - 1;
  }
}
