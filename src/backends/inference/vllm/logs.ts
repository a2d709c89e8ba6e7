import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Of how many starts logs are kept. */
const KEPT = 20;
const TAIL = 64 * 1024;

/** A file for the log of a start; the oldest of earlier starts are removed. */
export async function newLog(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const paths = (await readdir(folder)).filter((file) => file.endsWith('.log')).map((file) => join(folder, file));
  const dated = await Promise.all(
    paths.map(async (path) => ({ path, at: (await stat(path).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT - 1);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
  return join(folder, `${name}.log`);
}

/** The end of a log; empty where there is none yet. */
export async function tail(path: string): Promise<string> {
  const file = await open(path).catch(() => null);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
