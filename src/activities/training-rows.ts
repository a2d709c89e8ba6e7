import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../backends/failures.ts';
import { readLines } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { type InputIssue, mistake } from '../config/parse.ts';

/** The path of training data: an artifact's, by its key in the store, or a file's. null: there is neither. */
export function findData(name: string, store: Pick<Store, 'path'>): string | null {
  return [inStore(name, store), resolve(name)].find((path) => path !== null && isFile(path)) ?? null;
}

/** Where a name like `runs/my-run/sft.jsonl` is in the store. null: it is no such name, or leads out of there. */
export function inStore(name: string, store: Pick<Store, 'path'>): string | null {
  return name.startsWith('runs/') && !name.split('/').includes('..') ? store.path(name) : null;
}

export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

export function checkData(field: string, names: readonly string[], store: Pick<Store, 'path'>): InputIssue[] {
  return names.flatMap((name) =>
    findData(name, store) === null
      ? [mistake(field, name, 'expected a file or an artifact of a run: there is none')]
      : [],
  );
}

/** The rows of one after the other. @throws Failure InvalidInput for a file without rows and for one that is no training row */
export async function* readTrainingRows(names: readonly string[], store: Pick<Store, 'path'>): AsyncIterable<unknown> {
  for (const name of names) {
    const path = findData(name, store);
    if (path === null) throw new Failure('InvalidInput', `${name} is gone`);
    let line = 0;
    let rows = 0;
    for await (const text of readLines(createReadStream(path))) {
      line++;
      if (text.trim() === '') continue;
      rows++;
      yield parseRow(text, `${path}, line ${line}`);
    }
    if (rows === 0) throw new Failure('InvalidInput', `${path} has no rows`);
  }
}

/** {prompt, completion}, both texts or both chat messages. */
function parseRow(text: string, where: string): unknown {
  let row: { prompt?: unknown; completion?: unknown } = {};
  try {
    row = JSON.parse(text) ?? {};
  } catch {
    // Told below.
  }
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isChat = (value: unknown) => Array.isArray(value) && value.length > 0;
  const { prompt, completion } = row;
  if ((isText(prompt) && isText(completion)) || (isChat(prompt) && isChat(completion))) return row;
  throw new Failure('InvalidInput', `${where}: expected {prompt, completion}, got ${text.slice(0, 80)}`);
}
