import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FolderStore, type Store } from '../../backends/storage/store.ts';
import type { Check } from './check.ts';

/** Less than this is told before a run fills the disk. */
const FREE_GB = 5;

export async function checkStore(store: Store): Promise<Check> {
  if (store instanceof FolderStore) return await checkDisk(store.root);
  const error = await store.holds('runs').then(
    () => null,
    (failed: Error) => failed,
  );
  return { what: 'store', ok: error === null, detail: error?.message ?? `${store.root} can be read` };
}

async function checkDisk(root: string): Promise<Check> {
  let folder = resolve(root);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / 1e9;
  return { what: 'disk', ok: free >= FREE_GB, detail: `${free.toFixed(1)} GB free for ${root} (at least ${FREE_GB})` };
}
