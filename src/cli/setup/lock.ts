import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 10_000;
const STALE_MS = 60_000;

export interface Lock {
  release(): Promise<void>;
}

export interface Holder {
  pid: number;
  host: string;
}

/**
 * A lock between processes: a folder of numbered files, of which the highest says who holds it. The next holder creates
 * the next number, which only one process can; so two that find a dead holder at the same moment can't both win. A holder
 * is gone when its process is, or when it has not touched its file for a minute (another host, or a reused process id).
 */
export async function tryLock(folder: string): Promise<Lock | Holder> {
  await mkdir(folder, { recursive: true });
  const generations = (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  const highest = Math.max(0, ...generations);
  const holder = highest > 0 ? await livingHolder(join(folder, String(highest))) : null;
  if (holder) return holder;

  const mine = join(folder, String(highest + 1));
  const draft = join(folder, `draft-${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
  try {
    await link(draft, mine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return tryLock(folder);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  for (const older of generations) await rm(join(folder, String(older)), { force: true });

  const beat = setInterval(() => void utimes(mine, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      const free = join(folder, `draft-${randomUUID()}`);
      await writeFile(free, '');
      await rename(free, mine);
    },
  };
}

/** Runs the work while holding the lock; `waiting` is told once who holds it, if anyone does. */
export async function withLock<T>(
  folder: string,
  waiting: (holder: Holder) => void,
  work: () => Promise<T>,
): Promise<T> {
  let told = false;
  for (;;) {
    const lock = await tryLock(folder);
    if ('release' in lock) {
      try {
        return await work();
      } finally {
        await lock.release();
      }
    }
    if (!told) waiting(lock);
    told = true;
    await sleep(500);
  }
}

async function livingHolder(file: string): Promise<Holder | null> {
  const content = await readFile(file, 'utf8').catch(() => '');
  if (content === '') return null;
  const holder = JSON.parse(content) as Holder;
  const age =
    Date.now() -
    (await stat(file)
      .then((s) => s.mtimeMs)
      .catch(() => 0));
  if (age > STALE_MS) return null;
  return holder.host === hostname() && !isAlive(holder.pid) ? null : holder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
