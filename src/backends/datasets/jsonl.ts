import { createReadStream } from 'node:fs';
import { Failure } from '../failures.ts';
import type { Row } from './files.ts';

/**
 * The objects of a file of JSON lines. Empty lines, CRLF and a byte order mark are fine.
 * @throws Failure InvalidInput that names the line and what was expected
 */
export async function* readJsonLines(path: string): AsyncIterable<Row> {
  let line = 0;
  for await (const bytes of splitLines(createReadStream(path))) {
    const where = `${path}, line ${++line}`;
    const text = decode(bytes, where).trim();
    if (text !== '') yield { values: parseObject(text, where), where };
  }
}

/** @throws Failure InvalidInput where it is not UTF-8 */
export function decode(bytes: Buffer, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const start = bytes.subarray(0, 16).toString('latin1').trim();
    throw new Failure('InvalidInput', `${where}: expected UTF-8 text, got bytes that are none ("${start}")`, {
      cause: error,
    });
  }
}

function parseObject(text: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new Failure('InvalidInput', `${where}: expected a JSON object, got ${text.slice(0, 80)}`);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
  }
  yield Buffer.concat(begun);
}
