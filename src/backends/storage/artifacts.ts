import { createHash } from 'node:crypto';
import { Failure } from '../failures.ts';
import type { Chunks, Store } from './store.ts';

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
export const writeLines = (store: Store, uri: string, lines: Lines): Promise<ArtifactRef> =>
  putLines(uri, lines, (pieces) => store.write(uri, pieces));

/** The same, unless there is an artifact of that name: then null. */
export async function createLines(store: Store, uri: string, lines: Lines): Promise<ArtifactRef | null> {
  let created = false;
  const ref = await putLines(uri, lines, async (pieces) => {
    created = await store.create(uri, pieces);
  });
  return created ? ref : null;
}

type Lines = Iterable<string> | AsyncIterable<string>;

async function putLines(uri: string, lines: Lines, put: (pieces: Chunks) => Promise<void>): Promise<ArtifactRef> {
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
  await put(pieces());
  return { ...ref, sha256: hash.digest('hex') };
}

/**
 * Streams an artifact's rows.
 * @throws Failure CorruptArtifact where the bytes do not match the reference: before the first row by their number,
 * at the end by their hash
 */
export async function* readRows<Row>(store: Store, ref: ArtifactRef): AsyncIterable<Row> {
  const size = await store.size(ref.uri);
  if (size === null) throw await gone(store, ref.uri);
  if (size !== ref.bytes)
    throw new Failure('CorruptArtifact', `${ref.uri} has ${size} bytes, expected ${ref.bytes}: it was changed`);
  const hash = createHash('sha256');
  for await (const line of readLines(store.read(ref.uri), (bytes) => hash.update(bytes)))
    yield parseRow<Row>(line, ref.uri);
  const found = hash.digest('hex');
  if (found !== ref.sha256)
    throw new Failure('CorruptArtifact', `${ref.uri} has SHA-256 ${found}, expected ${ref.sha256}: it was changed`);
}

/** A shared folder that is not mounted is an empty one. */
async function gone(store: Store, uri: string): Promise<Failure> {
  return (await store.holds('runs'))
    ? new Failure('CorruptArtifact', `${uri} is gone from the store ${store.root}`)
    : new Failure('StoreUnavailable', `there is no ${uri} in ${store.root}, nor any run: is it mounted?`);
}

/** @throws Failure CorruptArtifact */
export function parseRow<Row>(line: string, uri: string): Row {
  try {
    return JSON.parse(line) as Row;
  } catch (error) {
    throw new Failure('CorruptArtifact', `${uri} has a line that is not JSON: it was changed`, { cause: error });
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
