import { statfs } from 'node:fs/promises';
import { Failure } from '../failures.ts';

/** What a disk refuses as a Failure StoreUnavailable that says what to do about it; any other error as it is. @param what went wrong @param folder on that disk */
export async function explainDisk(what: string, folder: string, error: unknown): Promise<unknown> {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const advice = ADVICE[code];
  if (!advice) return error;
  const free = FULL.has(code) ? ` (${await freeSpace(folder)})` : '';
  return new Failure('StoreUnavailable', `${what}: ${advice}${free}`, { cause: error });
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space there and the run goes on by itself',
  EDQUOT: 'the disk quota is used up: free some space there and the run goes on by itself',
  EACCES: 'no permission there for the user of this worker',
  EPERM: 'no permission there for the user of this worker',
  EROFS: 'the disk is read-only: mount it for writing and the run goes on by itself',
  ENOTDIR: 'a file is where a folder should be',
  EEXIST: 'a file is where a folder should be',
  EIO: 'the disk or its network fails',
  ENXIO: 'the disk or its network fails',
  ETIMEDOUT: 'the shared folder does not answer',
  EHOSTDOWN: 'the shared folder does not answer',
  ENOTCONN: 'the shared folder is not connected',
  ESTALE: 'the shared folder was mounted anew: start this worker again',
  EMFILE: 'this worker has too many files open: raise `ulimit -n`',
  ENFILE: 'this machine has too many files open',
};

async function freeSpace(folder: string): Promise<string> {
  const free = await statfs(folder).catch(() => null);
  return free
    ? `${((free.bavail * free.bsize) / 1e6).toFixed(1)} MB free for this user`
    : 'how much is free is unknown';
}
