import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { localFiles } from '../../backends/datasets/index.ts';
import { hashStored } from '../../backends/models.ts';
import type { Store } from '../../backends/storage/store.ts';
import { fetchFile } from '../../backends/storage/stored.ts';
import type { QuestionsConfig } from '../../config/datasets.ts';

/** JSON in which the keys of every object are in order: equal for what is equal. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isObject(inner) ? inOrder(inner) : inner));
}

/**
 * What an input means, whatever its files are called: the names of weights and rows give way to their hashes. Names of weights and rows
 * that are elsewhere, on the hub or behind a URL, stand for themselves.
 * @param known by their keys in the store
 */
export async function contentHash(
  store: Store,
  input: unknown,
  known: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const content = await replaceNames(input);
  return createHash('sha256').update(canonical(content)).digest('hex');

  async function replaceNames(value: unknown, key = '', parent: object = {}): Promise<unknown> {
    if (typeof value === 'string') return (await hashOf(value, key, parent)) ?? value;
    if (Array.isArray(value)) return await Promise.all(value.map((item) => replaceNames(item)));
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(async ([name, inner]) => [name, await replaceNames(inner, name, value)]);
    return Object.fromEntries(await Promise.all(entries)) as unknown;
  }

  async function hashOf(name: string, key: string, parent: object): Promise<string | null> {
    if (known.has(name)) return known.get(name)!;
    if (key === 'model' || key === 'base') return await hashStored(store, name, signal);
    if (key !== 'path') return null;
    return await hashFiles(localFiles(await fetchFile(store, parent as QuestionsConfig)), signal);
  }
}

/** Everything in a value that says where it is in the store and what it hashes to. */
export function storedIn(value: unknown): [uri: string, sha256: string][] {
  if (Array.isArray(value)) return value.flatMap(storedIn);
  if (!isObject(value)) return [];
  const { uri, sha256 } = value;
  const own: [string, string][] = typeof uri === 'string' && typeof sha256 === 'string' ? [[uri, sha256]] : [];
  return [...own, ...Object.values(value).flatMap(storedIn)];
}

async function hashFiles(paths: readonly string[], signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) for await (const chunk of createReadStream(path, { signal })) hash.update(chunk);
  return hash.digest('hex');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inOrder = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
