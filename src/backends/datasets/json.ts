import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Failure } from '../failures.ts';
import { readLines } from '../storage/artifacts.ts';
import type { Row } from './files.ts';
import { decode, isObject, readJsonLines } from './jsonl.ts';

/** A JavaScript string has no room for more. */
const MOST_BYTES = 2 ** 29 - 24;

/**
 * The objects of a .json file: of an array, the one that it is, or of JSON lines, which go by this name too. All but lines are read whole.
 * @throws Failure InvalidInput that names the line or the record (from 1) and what was expected
 */
export async function* readJson(path: string): AsyncIterable<Row> {
  if (await hasLines(path)) {
    yield* readJsonLines(path);
    return;
  }
  const value = await readWhole(path);
  if (isObject(value)) yield { values: value, where: path };
  else if (!Array.isArray(value)) throw new Failure('InvalidInput', `${path}: ${EXPECTED}, got ${show(value)}`);
  else
    for (const [index, values] of value.entries()) {
      const where = `${path}, record ${index + 1}`;
      if (!isObject(values)) throw new Failure('InvalidInput', `${where}: expected a JSON object, got ${show(values)}`);
      yield { values, where };
    }
}

const EXPECTED = 'expected a JSON array of objects';
const show = (value: unknown) => JSON.stringify(value).slice(0, 80);

/** Whether the first line is an object by itself. */
async function hasLines(path: string): Promise<boolean> {
  for await (const line of readLines(createReadStream(path))) {
    if (line.trim() === '') continue;
    try {
      return isObject(JSON.parse(line));
    } catch {
      return false;
    }
  }
  return true;
}

async function readWhole(path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > MOST_BYTES)
    throw new Failure(
      'InvalidInput',
      `${path}: expected JSON lines, one object a line: ${size} bytes are too many for an array`,
    );
  const text = decode(await readFile(path), path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('InvalidInput', `${path}: ${EXPECTED}: ${(error as Error).message}`);
  }
}
