import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FolderStore, type Store } from '../../backends/storage/store.ts';
import type { Check } from './check.ts';

/** Less than this is told before a run fills the disk. */
const FREE_GB = 5;

export async function checkStore(store: Store): Promise<Check> {
  return store instanceof FolderStore ? await checkDisk(store.root) : await checkBucket(store);
}

/** Does once what every run does: a run would find out late, and a server that overwrites what it should not would mix its rows. */
async function checkBucket(store: Store): Promise<Check> {
  const probe = `preflight-${randomUUID()}`;
  try {
    await store.holds('runs');
    await store.create(probe, ['']);
    await store.size(probe);
    const overwritten = await store.create(probe, ['']);
    await store.remove(probe);
    if (!overwritten)
      return { what: 'store', ok: true, detail: `${store.root} can be listed, read, written and deleted` };
    const detail = `${store.root} overwrites what is there: expected a server that knows conditional writes (If-None-Match)`;
    return { what: 'store', ok: false, detail };
  } catch (error) {
    return { what: 'store', ok: false, detail: (error as Error).message };
  }
}

async function checkDisk(root: string): Promise<Check> {
  let folder = resolve(root);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / 1e9;
  return { what: 'disk', ok: free >= FREE_GB, detail: `${free.toFixed(1)} GB free for ${root} (at least ${FREE_GB})` };
}
