import type { Journal, Place } from './journal.ts';

/** Bytes that wait for the next sync before whoever appends has to wait for it, too. */
const MOST_WAITING = 8 * 1024 * 1024;

/** A journal where nothing can be appended to: what comes between two syncs is one object. */
export class ObjectJournal implements Journal {
  readonly #name: string;
  readonly #put: (key: string, text: string) => Promise<void>;
  #objects = 1;
  #pieces: string[] = [];
  #bytes = 0;
  /** What a sync that failed left. */
  #left: { key: string; text: string } | null = null;

  /** @param key as if it were one object: those of `000003.jsonl` are `000003-000001.jsonl` and so on */
  constructor(key: string, put: (key: string, text: string) => Promise<void>) {
    this.#name = key.replace(/\.jsonl$/, '');
    this.#put = put;
  }

  append(text: string): { place: Place; taken: Promise<void> | null } {
    const from = this.#bytes;
    this.#bytes += Buffer.byteLength(text);
    this.#pieces.push(text);
    const place = { key: this.#key(), from, to: this.#bytes };
    return { place, taken: this.#bytes > MOST_WAITING ? null : Promise.resolve() };
  }

  async sync(): Promise<void> {
    await this.#putLeft();
    if (this.#pieces.length === 0) return;
    this.#left = { key: this.#key(), text: this.#pieces.join('') };
    this.#objects++;
    this.#pieces = [];
    this.#bytes = 0;
    await this.#putLeft();
  }

  async close(): Promise<void> {}

  async #putLeft(): Promise<void> {
    if (!this.#left) return;
    await this.#put(this.#left.key, this.#left.text);
    this.#left = null;
  }

  #key(): string {
    return `${this.#name}-${String(this.#objects).padStart(6, '0')}.jsonl`;
  }
}
