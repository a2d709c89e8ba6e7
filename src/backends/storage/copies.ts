import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { explainDisk } from './disk.ts';
import { checkedKey } from './keys.ts';

/** What is known of an object without reading it. */
export interface Stamp {
  /** Bytes. */
  size: number;
  /** Seconds since the epoch. */
  modified: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** No attempt of a shard lasts longer, and each asks for its models again. */
const UNUSED_MS = DAY_MS;
/** A fine-tune that was not put into the bucket has its resume points here alone, also while its run is paused. */
const UNKEPT_MS = 7 * DAY_MS;

/** In the folder of a fine-tune: what it is, and whether the bucket has all of it. */
const JOB = 'job.json';
const KEPT = '.kept';

/**
 * Files of this machine that stand for objects of a bucket. A file has its object's time as its own, and as the time of its last access
 * when it was last asked for: it goes when that is long ago.
 */
export class Copies {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(key: string): string {
    return join(this.folder, checkedKey(key));
  }

  /** Whether the file is the object as it is now. One that is has been used. */
  async use(key: string, { size, modified }: Stamp): Promise<boolean> {
    const file = await stat(this.path(key)).catch(() => null);
    if (file?.size !== size || file.mtimeMs !== 1000 * modified) return false;
    await utimes(this.path(key), new Date(), modified);
    return true;
  }

  /** @throws Failure StoreUnavailable where the disk refuses */
  async write(key: string, stamp: Stamp, chunks: AsyncIterable<Buffer>): Promise<void> {
    const path = this.path(key);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(chunks, createWriteStream(temporary));
      await utimes(temporary, new Date(), stamp.modified);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw await explainDisk(`cannot copy ${key} to ${this.folder}`, this.folder, error);
    }
  }

  /** From now on the file is what the object of this time is. */
  async mark(key: string, { modified }: Stamp): Promise<void> {
    await utimes(this.path(key), new Date(), modified);
  }

  /** The files of a folder, as keys. */
  async *list(key: string): AsyncIterable<string> {
    for (const entry of await readdir(this.path(key), { withFileTypes: true })) {
      if (entry.isDirectory()) yield* this.list(`${key}/${entry.name}`);
      else if (entry.isFile() && entry.name !== KEPT) yield `${key}/${entry.name}`;
    }
  }

  /** The bucket has all of this folder. */
  async markKept(key: string): Promise<void> {
    await writeFile(join(this.path(key), KEPT), '');
  }

  /** Removes what nobody has used for long. Best effort: whoever comes next tries again. */
  async tidy(): Promise<void> {
    await tidyFolder(join(this.folder, 'runs')).catch(() => {});
  }
}

async function tidyFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.map(({ name }) => name);
  if (names.includes(JOB)) {
    const limit = names.includes(KEPT) ? UNUSED_MS : UNKEPT_MS;
    if (Date.now() - (await lastUse(folder)) > limit) await rm(folder, { recursive: true, force: true });
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await tidyFolder(path);
    else if (Date.now() - (await lastUse(path)) > UNUSED_MS) await rm(path, { force: true });
  }
}

/** Of a file, or of any in a folder: milliseconds since the epoch. */
async function lastUse(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return Math.max(found.atimeMs, found.mtimeMs);
  const uses = await Promise.all((await readdir(path)).map((name) => lastUse(join(path, name))));
  return Math.max(0, ...uses);
}
