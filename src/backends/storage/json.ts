import type { Store } from './store.ts';

/** Writes one value as JSON for people to read. */
export async function writeJson(store: Store, key: string, value: unknown): Promise<void> {
  await store.write(key, [`${JSON.stringify(value, null, 2)}\n`]);
}

/** What writeJson wrote; null where there is no such key. */
export async function readJson<T>(store: Store, key: string): Promise<T | null> {
  if ((await store.size(key)) === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}
