import { randomUUID } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { link, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Failure } from '../failures.ts';
import { explainDisk } from './disk.ts';
import { FileJournal, writeAll } from './file-journal.ts';
import type { Journal } from './journal.ts';
import { checkedKey } from './keys.ts';

export type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Where artifacts live. A key is a relative path with `/`; an object is written whole or not at all.
 * @throws Failure StoreUnavailable where the store refuses (full, permissions, network), with what to do about it;
 * InvalidInput for a key that leads out of it
 */
export interface Store {
  /** What a user looks for: where keys begin, a folder or `s3://bucket/prefix`. */
  readonly root: string;
  /** Writes an object in place of what was there. */
  write(key: string, chunks: Chunks): Promise<void>;
  /** Writes an object unless there is one of that key. Of any number who try, one gets true. */
  create(key: string, chunks: Chunks): Promise<boolean>;
  /** @param range bytes `from` to `to`, exclusive; all by default @throws Error with the code ENOENT where there is no such object */
  read(key: string, range?: ByteRange): AsyncIterable<Buffer>;
  /** Bytes, or null where there is no such object. */
  size(key: string): Promise<number | null>;
  /** Whether there is an object of that key, or any in a folder of that name. */
  holds(key: string): Promise<boolean>;
  /** Keys of the objects directly in a folder, sorted; with `after` those that come after this key. */
  list(folder: string, after?: string): Promise<string[]>;
  /** Names of the folders directly in a folder, sorted. */
  folders(folder: string): Promise<string[]>;
  /** Removes an object or a whole folder; absent is fine. */
  remove(key: string): Promise<void>;
  /** @param key of an object that was created empty, for this journal alone */
  journal(key: string): Promise<Journal>;
  /** Where people find a key. */
  locate(key: string): string;
  /** Where a key is on this machine once it was fetched or made, for processes that work on files. */
  path(key: string): string;
  /** Brings an object or a whole folder to this machine, where it is not there yet, and gives its path. */
  fetch(key: string): Promise<string>;
  /** The path for a folder that a process of this machine makes. What another run of the same name left there is gone where the store has none of it. */
  begin(key: string): Promise<string>;
  /** Puts what a process made at a key's path into the store. */
  keep(key: string): Promise<void>;
}

export interface ByteRange {
  from: number;
  to: number;
}

/** What a killed writer left is removed when it is as old as this: no writer takes so long. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** A folder, local or shared between hosts. */
export class FolderStore implements Store {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  path(key: string): string {
    return join(this.root, checkedKey(key));
  }

  locate(key: string): string {
    return this.path(key);
  }

  async fetch(key: string): Promise<string> {
    return await this.#on('read', key, async (path) => path);
  }

  async begin(key: string): Promise<string> {
    return this.path(key);
  }

  async keep(): Promise<void> {}

  async write(key: string, chunks: Chunks): Promise<void> {
    await this.#put(key, chunks, rename);
  }

  async create(key: string, chunks: Chunks): Promise<boolean> {
    return await this.#put(key, chunks, async (temporary, path) => {
      const created = await link(temporary, path).then(() => true, unless(false, 'EEXIST'));
      await rm(temporary, { force: true });
      return created;
    });
  }

  /** @param place brings the whole file, under its temporary name, to its path */
  async #put<T>(key: string, chunks: Chunks, place: (temporary: string, path: string) => Promise<T>): Promise<T> {
    const guarded = <R>(work: () => Promise<R>) => this.#guard('write', key, work);
    const path = await this.#on('write', key, async (path) => {
      await mkdir(dirname(path), { recursive: true });
      return path;
    });
    // Writers of the same key may be anywhere: a pid is not unique among containers.
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      const file = await guarded(() => open(temporary, 'w'));
      try {
        for await (const chunk of chunks) await guarded(() => writeAll(file, Buffer.from(chunk)));
        await guarded(() => file.sync());
      } finally {
        await file.close();
      }
      return await guarded(() => place(temporary, path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    } finally {
      await removeStale(dirname(path));
    }
  }

  async *read(key: string, range?: ByteRange): AsyncIterable<Buffer> {
    const path = await this.fetch(key);
    const part = range && { start: range.from, end: range.to - 1 };
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, ...part })) yield chunk;
    } catch (error) {
      throw await this.#explained('read', key, error);
    }
  }

  async size(key: string): Promise<number | null> {
    return await this.#on('read', key, async (path) => (await unlessAbsent(stat(path)))?.size ?? null);
  }

  async holds(key: string): Promise<boolean> {
    return await this.#on('read', key, async (path) => {
      const found = await unlessAbsent(stat(path));
      return found !== null && (found.isFile() || (await holdsFile(path)));
    });
  }

  async list(folder: string, after = ''): Promise<string[]> {
    return (await this.#entries(folder))
      .filter(isObject)
      .map((entry) => `${folder}/${entry.name}`)
      .filter((key) => key > after)
      .sort();
  }

  async folders(folder: string): Promise<string[]> {
    return (await this.#entries(folder))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  async #entries(folder: string): Promise<Dirent[]> {
    const entries = await this.#on('list', folder, (path) => unlessAbsent(readdir(path, { withFileTypes: true })));
    return entries ?? [];
  }

  async remove(key: string): Promise<void> {
    await this.#on('remove', key, (path) => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  }

  async journal(key: string): Promise<Journal> {
    const file = await this.#on('write', key, (path) => open(path, 'r+'));
    return new FileJournal(key, file, (work) => this.#guard('write', key, work));
  }

  /** Works on the path of a key, where no symbolic link leads out of the store. */
  async #on<T>(what: string, key: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.path(key);
    return await this.#guard(what, key, async () => {
      await this.#expectInside(key, path);
      return await work(path);
    });
  }

  async #expectInside(key: string, path: string): Promise<void> {
    const real = (at: string) => realpath(at).catch(unless(null, 'ENOENT', 'ENOTDIR'));
    const root = await real(this.root);
    if (root === null) return;
    let at = path;
    let found = await real(at);
    while (found === null) {
      at = dirname(at);
      found = await real(at);
    }
    if (found !== root && !found.startsWith(root + sep))
      throw new Failure('InvalidInput', `"${key}" leads out of the store: there is a link to ${found}`);
  }

  async #guard<T>(what: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.#explained(what, key, error);
    }
  }

  #explained(what: string, key: string, error: unknown): Promise<unknown> {
    return explainDisk(`cannot ${what} ${key} in ${this.root}`, this.root, error);
  }
}

const unlessAbsent = <T>(work: Promise<T>): Promise<T | null> => work.catch(unless(null, 'ENOENT'));

/** A value in place of an error with one of these codes. */
const unless =
  <T>(value: T, ...codes: string[]) =>
  (error: NodeJS.ErrnoException): T => {
    if (codes.includes(error.code ?? '')) return value;
    throw error;
  };

const isObject = (entry: Dirent) => entry.isFile() && !entry.name.endsWith('.tmp');

async function holdsFile(folder: string): Promise<boolean> {
  const entries = (await unlessAbsent(readdir(folder, { withFileTypes: true }))) ?? [];
  if (entries.some(isObject)) return true;
  for (const entry of entries) if (entry.isDirectory() && (await holdsFile(join(folder, entry.name)))) return true;
  return false;
}

/** Best effort: whoever writes there next tries again. */
async function removeStale(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((it) => it.endsWith('.tmp'))) {
    const path = join(folder, name);
    const { mtimeMs } = (await stat(path).catch(() => null)) ?? { mtimeMs: Number.POSITIVE_INFINITY };
    if (Date.now() - mtimeMs > STALE_MS) await rm(path, { force: true }).catch(() => {});
  }
}
