import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure } from '../backends/failures.ts';
import { readLines } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { findStored } from '../backends/storage/stored.ts';
import { type InputIssue, mistake } from '../config/parse.ts';

interface Data {
  /** For people. */
  where: string;
  read(): AsyncIterable<Buffer>;
}

/** Training data: an artifact, by its key in the store, or a file. null: there is neither. */
async function findData(name: string, store: Store): Promise<Data | null> {
  const key = await findStored(store, name);
  if (key !== null) return { where: store.locate(key), read: () => store.read(key) };
  const path = resolve(name);
  return (await isFile(path)) ? { where: path, read: () => createReadStream(path) } : null;
}

export const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() ?? false;

export async function checkData(field: string, names: readonly string[], store: Store): Promise<InputIssue[]> {
  const found = await Promise.all(names.map((name) => findData(name, store)));
  return names.flatMap((name, i) =>
    found[i] === null ? [mistake(field, name, 'expected a file or an artifact of a run: there is none')] : [],
  );
}

/** The rows of one after the other. @throws Failure InvalidInput for a file without rows and for one that is no training row */
export async function* readTrainingRows(names: readonly string[], store: Store): AsyncIterable<unknown> {
  for (const name of names) {
    const data = await findData(name, store);
    if (data === null) throw new Failure('InvalidInput', `${name} is gone`);
    let line = 0;
    let rows = 0;
    for await (const text of readLines(data.read())) {
      line++;
      if (text.trim() === '') continue;
      rows++;
      yield parseRow(text, `${data.where}, line ${line}`);
    }
    if (rows === 0) throw new Failure('InvalidInput', `${data.where} has no rows`);
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
