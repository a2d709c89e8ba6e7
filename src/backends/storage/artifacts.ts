import { createHash } from 'node:crypto';
import { Failure } from '../failures.ts';
import type { Store } from './store.ts';

/** What travels through Temporal instead of rows: where they are, and what they must hash to. */
export interface ArtifactRef {
  /** Key in the store. */
  uri: string;
  sha256: string;
  rows: number;
  bytes: number;
}

/** What is written at once, in characters. */
const PIECE = 1 << 18;

/** Writes rows as JSON lines, in one piece. */
export async function writeRows(
  store: Store,
  uri: string,
  rows: Iterable<unknown> | AsyncIterable<unknown>,
): Promise<ArtifactRef> {
  async function* lines() {
    for await (const row of rows) yield JSON.stringify(row);
  }
  return await writeLines(store, uri, lines());
}

/** Writes rows that are JSON already, without their line ends. */
export async function writeLines(
  store: Store,
  uri: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<ArtifactRef> {
  const hash = createHash('sha256');
  const ref = { uri, sha256: '', rows: 0, bytes: 0 };
  async function* pieces() {
    let piece: string[] = [];
    let length = 0;
    const flush = () => {
      const text = piece.join('');
      piece = [];
      length = 0;
      hash.update(text);
      ref.bytes += Buffer.byteLength(text);
      return text;
    };
    for await (const line of lines) {
      ref.rows++;
      piece.push(line, '\n');
      length += line.length;
      if (length >= PIECE) yield flush();
    }
    if (piece.length > 0) yield flush();
  }
  await store.write(uri, pieces());
  return { ...ref, sha256: hash.digest('hex') };
}

/**
 * Streams an artifact's rows.
 * @throws Failure CorruptArtifact where the bytes do not match the reference: before the first row by their number,
 * at the end by their hash
 */
export async function* readRows<Row>(store: Store, ref: ArtifactRef): AsyncIterable<Row> {
  const size = await store.size(ref.uri);
  if (size === null) throw new Failure('CorruptArtifact', `${ref.uri} is gone from the store ${store.root}`);
  if (size !== ref.bytes)
    throw new Failure('CorruptArtifact', `${ref.uri} has ${size} bytes, expected ${ref.bytes}: it was changed`);
  const hash = createHash('sha256');
  for await (const line of readLines(store.read(ref.uri), (bytes) => hash.update(bytes))) yield parseRow(line, ref);
  const found = hash.digest('hex');
  if (found !== ref.sha256)
    throw new Failure('CorruptArtifact', `${ref.uri} has SHA-256 ${found}, expected ${ref.sha256}: it was changed`);
}

function parseRow<Row>(line: string, ref: ArtifactRef): Row {
  try {
    return JSON.parse(line) as Row;
  } catch (error) {
    throw new Failure('CorruptArtifact', `${ref.uri} has a line that is not JSON: it was changed`, { cause: error });
  }
}

/** The rows of several artifacts, one after the other. */
export async function* readAllRows<Row>(store: Store, refs: readonly ArtifactRef[]): AsyncIterable<Row> {
  for (const ref of refs) yield* readRows<Row>(store, ref);
}

/** Lines of a stream of bytes, empty ones too; `seen` gets every byte. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  seen: (bytes: Buffer) => void = () => {},
): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    seen(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
