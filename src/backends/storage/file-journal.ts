import type { FileHandle } from 'node:fs/promises';
import type { Journal, Place } from './journal.ts';

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** A journal in a file. What is appended is written at once, and all that comes during a write with the next one. */
export class FileJournal implements Journal {
  readonly #key: string;
  readonly #file: FileHandle;
  readonly #guard: Guard;
  #waiting: Buffer[] = [];
  /** Bytes in the file, and with those that wait. */
  #written = 0;
  #end = 0;
  #writing: Promise<void> = Promise.resolve();
  /** The write that takes all that waits. */
  #next: Promise<void> | null = null;
  #synced = true;

  /** @param file empty @param guard explains what a disk refuses */
  constructor(key: string, file: FileHandle, guard: Guard) {
    this.#key = key;
    this.#file = file;
    this.#guard = guard;
  }

  append(text: string): { place: Place; taken: Promise<void> } {
    const bytes = Buffer.from(text);
    const from = this.#end;
    this.#end += bytes.length;
    this.#waiting.push(bytes);
    return { place: { key: this.#key, from, to: this.#end }, taken: this.#write() };
  }

  async sync(): Promise<void> {
    await this.#write();
    if (this.#synced) return;
    this.#synced = true;
    await this.#guard(() => this.#file.datasync()).catch((error) => {
      this.#synced = false;
      throw error;
    });
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.close();
  }

  #write(): Promise<void> {
    if (this.#waiting.length === 0) return this.#writing;
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  async #writeNext(): Promise<void> {
    await this.#writing.catch(() => {});
    this.#next = null;
    this.#writing = this.#writeWaiting();
    await this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    const pieces = this.#waiting;
    this.#waiting = [];
    const bytes = Buffer.concat(pieces);
    this.#synced = false;
    try {
      // At its own place, so that the next try writes over what one that failed left.
      await this.#guard(() => writeAll(this.#file, bytes, this.#written));
    } catch (error) {
      this.#waiting = [...pieces, ...this.#waiting];
      throw error;
    }
    this.#written += bytes.length;
  }
}

/** @param at where in the file; by default after what was written last */
export async function writeAll(file: FileHandle, bytes: Uint8Array, at?: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const place = at === undefined ? null : at + done;
    done += (await file.write(bytes, done, bytes.length - done, place)).bytesWritten;
  }
}
