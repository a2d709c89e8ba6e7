import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Failure } from '../failures.ts';

/**
 * Where artifacts live. A key is a relative path with `/`; an object is written whole or not at all.
 * @throws Failure StoreUnavailable where the disk refuses (full, permissions), with what to do about it.
 */
export interface Store {
  /** What a user looks for: the folder that keys are relative to. */
  readonly root: string;
  write(key: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void>;
  read(key: string): AsyncIterable<Buffer>;
  /** Bytes, or null where there is no such object. */
  size(key: string): Promise<number | null>;
  /** Whether there is an object of that key, or any in a folder of that name. */
  holds(key: string): Promise<boolean>;
  /** Keys of the objects directly in a folder, sorted. */
  list(folder: string): Promise<string[]>;
  /** Removes an object or a whole folder; absent is fine. */
  remove(key: string): Promise<void>;
  /** The path of a key on this machine, for processes that work on files. */
  path(key: string): string;
}

/** A folder, local or shared between hosts. */
export class FolderStore implements Store {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  path(key: string): string {
    const path = join(this.root, key);
    if (!path.startsWith(this.root + sep)) throw new Failure('InvalidInput', `"${key}" leads out of the store`);
    return path;
  }

  async write(key: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const path = this.path(key);
    // Writers of the same key may be anywhere: a pid is not unique among containers.
    const temporary = `${path}.${randomUUID()}.tmp`;
    const guarded = <T>(work: () => Promise<T>) => guard(`write ${key}`, work);
    await guarded(() => mkdir(dirname(path), { recursive: true }));
    try {
      const file = await guarded(() => open(temporary, 'w'));
      try {
        for await (const chunk of chunks) await guarded(() => writeAll(file, chunk));
        await guarded(() => file.sync());
      } finally {
        await file.close();
      }
      await guarded(() => rename(temporary, path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  }

  async *read(key: string): AsyncIterable<Buffer> {
    try {
      for await (const chunk of createReadStream(this.path(key), { highWaterMark: 1 << 18 })) yield chunk;
    } catch (error) {
      throw explained(`read ${key}`, error);
    }
  }

  async size(key: string): Promise<number | null> {
    const path = this.path(key);
    return await guard(`read ${key}`, async () => (await unlessAbsent(stat(path)))?.size ?? null);
  }

  async holds(key: string): Promise<boolean> {
    const path = this.path(key);
    return await guard(`read ${key}`, async () => {
      if ((await unlessAbsent(stat(path)))?.isFile()) return true;
      const entries = await unlessAbsent(readdir(path, { recursive: true, withFileTypes: true }));
      return (entries ?? []).some((entry) => entry.isFile() && !entry.name.endsWith('.tmp'));
    });
  }

  async list(folder: string): Promise<string[]> {
    const path = this.path(folder);
    const entries = await guard(`list ${folder}`, () => unlessAbsent(readdir(path, { withFileTypes: true })));
    return (entries ?? [])
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
      .map((entry) => `${folder}/${entry.name}`)
      .sort();
  }

  async remove(key: string): Promise<void> {
    const path = this.path(key);
    await guard(`remove ${key}`, () => rm(path, { recursive: true, force: true }));
  }
}

const unlessAbsent = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error) => (error.code === 'ENOENT' ? null : Promise.reject(error)));

async function writeAll(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    offset += (await file.write(bytes, offset)).bytesWritten;
  }
}

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space and the run goes on by itself',
  EDQUOT: 'the disk quota is used up: free some space and the run goes on by itself',
  EACCES: 'no permission there for the user of this worker',
  EPERM: 'no permission there for the user of this worker',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a file is where a folder should be',
  EEXIST: 'a file is where a folder should be',
  EIO: 'the disk or its network fails',
  ESTALE: 'the shared folder was mounted anew: start this worker again',
  EMFILE: 'this worker has too many files open: raise `ulimit -n`',
};

async function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(what, error);
  }
}

function explained(what: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!(code in ADVICE)) return error;
  return new Failure('StoreUnavailable', `cannot ${what}: ${ADVICE[code]}`, { cause: error });
}
