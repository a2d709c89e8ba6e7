import type { Store } from './store.ts';

/**
 * The key of what a run file names in the store: `runs/my-run/sft.jsonl`, or the same behind the store's root, as people and older
 * versions write it. null: it is no such name.
 */
function keyOf(name: string, { root }: Store): string | null {
  const key = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
  return key.startsWith('runs/') && !key.split('/').includes('..') ? key.replace(/\/+$/, '') : null;
}

/** The key of what a run file names, where it is in the store; else null. */
export async function findStored(store: Store, name: string): Promise<string | null> {
  const key = keyOf(name, store);
  return key !== null && (await store.holds(key)) ? key : null;
}

/** The path of what a run file names: where it was fetched to from the store, or the name as it stands. */
export async function fetchStored(store: Store, name: string): Promise<string> {
  const key = await findStored(store, name);
  return key === null ? name : await store.fetch(key);
}

/** A dataset with the path of its file on this machine. */
export async function fetchFile<Dataset extends object>(store: Store, dataset: Dataset): Promise<Dataset> {
  const { path } = dataset as { path?: unknown };
  return typeof path === 'string' ? { ...dataset, path: await fetchStored(store, path) } : dataset;
}
