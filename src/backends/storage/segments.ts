import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Failure } from '../failures.ts';
import { type ArtifactRef, createLines, parseRow, writeLines } from './artifacts.ts';
import type { Journal, Place } from './journal.ts';
import { Places } from './places.ts';
import type { Store } from './store.ts';

/** Items that are read at once while an artifact is written, in bytes; a single item may have more. */
const READ_AT_ONCE = 4 * 1024 * 1024;

export interface ShardRowsOptions<Row> {
  /** The item that a row belongs to. */
  itemOf(row: Row): string;
  /** Whether an earlier attempt's rows of an item are final; all are by default. */
  isDone?(rows: readonly Row[]): boolean;
  /** Gets each item's rows once: where an earlier attempt's are found, and where new ones are added. */
  seen?(rows: readonly Row[]): void;
  /** Told of a segment with lines that are not what was written, and of the copy that is kept of it. */
  damaged?(segment: string, lines: number, copy: string): void;
  readAtOnce?: number;
}

/**
 * The finished rows of one shard, kept in segments until the shard is whole.
 * A new attempt opens the same key and finds what earlier ones finished: the store is the truth.
 * Rows belong to items (a question, a response, a critique); an item's rows are one line of a segment, with a checksum, so that it is
 * there whole or not at all. In memory is only where each item is.
 *
 * Each attempt has a number of its own, its fence, and writes to segments of that number alone. It ends as soon as it sees a higher one
 * (Superseded), and only the first to create the shard's artifact makes it: two attempts that overlap never mix their rows. An artifact
 * never changes. A shard that is made again of more items, because what it works on had been cut short, becomes another one beside it.
 */
export class ShardRows<Row> {
  readonly #store: Store;
  readonly #uri: string;
  readonly #options: ShardRowsOptions<Row>;
  readonly #items = new Places();
  #fence = 0;
  #journal: Journal | null = null;
  #flushing: Promise<void> = Promise.resolve();
  /** What the shard has become: its newest artifact, which of them that is, and its number of items. */
  #artifact: ArtifactRef | null = null;
  #version = 0;
  #inArtifact = 0;

  private constructor(store: Store, uri: string, options: ShardRowsOptions<Row>) {
    this.#store = store;
    this.#uri = uri;
    this.#options = options;
  }

  /** @param uri key of the artifact that the shard becomes, ending in `.jsonl` */
  static async open<Row>(store: Store, uri: string, options: ShardRowsOptions<Row>): Promise<ShardRows<Row>> {
    const shard = new ShardRows<Row>(store, uri, options);
    await shard.#open();
    return shard;
  }

  async #open(): Promise<void> {
    await this.#unlessGone(async () => {
      const own = await this.#takeFence();
      await this.#readArtifact();
      // The newest first: where two have the same item, it is the one that the last attempt went by.
      const earlier = (await this.#store.list(segmentsOf(this.#uri))).filter((segment) => segment < own).reverse();
      for (const segment of earlier) if (!(await this.#readSegment(segment))) await this.#store.remove(segment);
      this.#journal = await this.#store.journal(own);
    });
  }

  /** Whether another attempt has made an artifact since this one looked. */
  async #isOvertaken(): Promise<boolean> {
    return (await this.#store.size(artifactKey(this.#uri, this.#version + 1))) !== null;
  }

  /** Gives the key of this attempt's segment. */
  async #takeFence(): Promise<string> {
    for (;;) {
      const taken = (await this.#store.list(segmentsOf(this.#uri))).map(fenceOf);
      this.#fence = taken.reduce((highest, fence) => Math.max(highest, fence), 0) + 1;
      const own = segmentKey(this.#uri, this.#fence);
      if (!(await this.#store.create(own, []))) continue;
      // A number may be free because a newer attempt has removed an empty segment meanwhile.
      if (!(await this.#isFollowed())) return own;
      await this.#store.remove(own);
    }
  }

  async #isFollowed(): Promise<boolean> {
    const own = segmentKey(this.#uri, this.#fence);
    return (await this.#store.list(segmentsOf(this.#uri), own)).length > 0;
  }

  async #readArtifact(): Promise<void> {
    while (await this.#isOvertaken()) this.#version++;
    if (this.#version === 0) return;
    const key = artifactKey(this.#uri, this.#version);
    const hash = createHash('sha256');
    const artifact = { uri: key, sha256: '', rows: 0, bytes: 0 };
    const seen = (line: Buffer) => {
      hash.update(line).update('\n');
      artifact.rows++;
      artifact.bytes += line.length + 1;
    };
    for await (const { item, rows, from, to } of this.#itemsOf(linesOf(this.#store.read(key)), seen)) {
      this.#items.add(item, { key, from, to });
      this.#inArtifact++;
      this.#options.seen?.(rows);
    }
    this.#artifact = { ...artifact, sha256: hash.digest('hex') };
  }

  /** The rows of an artifact, item by item, and where they are. @param seen gets every line */
  async *#itemsOf(lines: ReturnType<typeof linesOf>, seen: (line: Buffer) => void) {
    let last: { item: string; rows: Row[]; from: number; to: number } | undefined;
    for await (const { bytes, from } of lines) {
      seen(bytes);
      const row = parseRow<Row>(bytes.toString(), this.#uri);
      const item = this.#options.itemOf(row);
      if (last?.item !== item) {
        if (last) yield last;
        last = { item, rows: [], from, to: from };
      }
      last.rows.push(row);
      last.to = from + bytes.length;
    }
    if (last) yield last;
  }

  /** Whether there was anything in it: an attempt that waits for its engine leaves nothing, time and again. */
  async #readSegment(key: string): Promise<boolean> {
    let lines = 0;
    let damaged = 0;
    for await (const { bytes, from, ended } of linesOf(this.#store.read(key))) {
      lines++;
      const rows = parseItem<Row>(this.#uri, bytes);
      if (rows) {
        const item = this.#options.itemOf(rows[0]!);
        // An attempt that lives on after its successor began may have finished the same item.
        if (this.#items.has(item) || this.#options.isDone?.(rows) === false) continue;
        this.#items.add(item, { key, from, to: from + bytes.length });
        this.#options.seen?.(rows);
      } else if (ended) damaged++;
      // A last line without its end is what a kill leaves.
    }
    if (damaged > 0) await this.#setAside(key, damaged);
    return lines > 0;
  }

  /** Keeps a copy for people to look at: the shard's segments are removed when it is whole. */
  async #setAside(key: string, lines: number): Promise<void> {
    const copy = key.replace(segmentsOf(this.#uri), this.#uri.replace(/\.jsonl$/, '.aside'));
    if (await this.#store.create(copy, this.#store.read(key))) this.#options.damaged?.(key, lines, copy);
  }

  has(item: string): boolean {
    return this.#items.has(item);
  }

  /** All rows of one item; of an item that is there already, nothing. Waits until the store takes more. */
  async add(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const item = this.#options.itemOf(rows[0]!);
    if (this.has(item)) return;
    const { place, taken } = this.#journal!.append(`${itemLine(this.#uri, rows)}\n`);
    this.#items.add(item, { ...place, to: place.to - 1 });
    this.#options.seen?.(rows);
    await (taken ?? this.flush());
  }

  /**
   * Makes safe what was added.
   * @throws Failure Superseded where another attempt has begun
   */
  async flush(): Promise<void> {
    const flushed = this.#flushing.then(async () => {
      if (!this.#journal) return;
      const ends = await Promise.all([this.#isFollowed(), this.#isOvertaken()]);
      if (ends.includes(true)) throw this.#superseded();
      await this.#journal.sync();
    });
    this.#flushing = flushed.catch(() => {});
    await flushed;
  }

  /**
   * Turns the segments into the shard's artifact, its rows in the order of `items`.
   * @throws Failure Superseded where another attempt has begun, or has made it: the next one finds it
   */
  async commit(items: Iterable<string>): Promise<ArtifactRef> {
    const all = [...items];
    if (!this.#artifact || !this.#isMadeOf(all)) {
      await this.flush();
      const created = await createLines(this.#store, artifactKey(this.#uri, this.#version + 1), this.#lines(all));
      if (!created) throw this.#superseded();
      this.#artifact = created;
    }
    await this.close();
    await this.#store.remove(segmentsOf(this.#uri));
    return this.#artifact;
  }

  /** Whether the artifact has the rows of these items and no others. */
  #isMadeOf(items: Iterable<string>): boolean {
    const places = [...items].flatMap((item) => this.#items.get(item) ?? []);
    return places.length === this.#inArtifact && places.every(({ key }) => key === this.#artifact?.uri);
  }

  /**
   * An artifact of what there is so far, in the order of `items` and then what else earlier attempts finished; the segments stay,
   * for the shard may yet be finished. It has the number of this attempt: no other one changes it.
   */
  async commitPart(items: Iterable<string>): Promise<ArtifactRef> {
    const all = new Set([...items, ...this.#items.items()]);
    if (this.#artifact && this.#isMadeOf(all)) return this.#artifact;
    await this.flush();
    const part = this.#uri.replace(/\.jsonl$/, `.${digits(this.#fence)}.part.jsonl`);
    return await writeLines(this.#store, part, this.#lines(all));
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = null;
  }

  /** The rows of items. They were finished in nearly this order, so that a stretch of them is in few places. */
  async *#lines(items: Iterable<string>): AsyncIterable<string> {
    for (const stretch of this.#stretches(items)) {
      const found = await this.#find(stretch);
      for (const place of stretch) yield* found.get(place)!;
    }
  }

  *#stretches(items: Iterable<string>): Iterable<Place[]> {
    const { readAtOnce = READ_AT_ONCE } = this.#options;
    let stretch: Place[] = [];
    let bytes = 0;
    for (const item of items) {
      const place = this.#items.get(item);
      if (!place) continue;
      const more = place.to - place.from;
      if (stretch.length > 0 && bytes + more > readAtOnce) {
        yield stretch;
        stretch = [];
        bytes = 0;
      }
      stretch.push(place);
      bytes += more;
    }
    yield stretch;
  }

  async #find(places: readonly Place[]): Promise<Map<Place, string[]>> {
    const found = new Map<Place, string[]>();
    for (const near of neighbours(places)) {
      const { key, from } = near[0]!;
      const bytes = await this.#bytes({ key, from, to: near.at(-1)!.to });
      for (const place of near) {
        const piece = bytes.subarray(place.from - from, place.to - from);
        const rows = key === this.#artifact?.uri ? piece.toString().split('\n') : rowsOf(this.#uri, piece);
        // Whoever comes next reads what there is then.
        if (!rows) throw new Failure('StoreUnavailable', `${key} is no longer what it was: its rows are read again`);
        found.set(place, rows);
      }
    }
    return found;
  }

  async #bytes({ key, ...range }: Place): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#unlessGone(async () => {
      for await (const chunk of this.#store.read(key, range)) chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  }

  /** Segments are gone once another attempt has made the artifact of them. */
  async #unlessGone(work: () => Promise<void>): Promise<void> {
    await work().catch((error) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? this.#superseded() : error;
    });
  }

  #superseded(): Failure {
    return new Failure('Superseded', `another attempt of ${this.#uri} has begun: this one ends`);
  }
}

const segmentsOf = (uri: string) => uri.replace(/\.jsonl$/, '.segments');

const artifactKey = (uri: string, version: number) =>
  version === 1 ? uri : uri.replace(/\.jsonl$/, `.v${version}.jsonl`);

const digits = (fence: number) => String(fence).padStart(6, '0');

const segmentKey = (uri: string, fence: number) => `${segmentsOf(uri)}/${digits(fence)}.jsonl`;

/** A store that can't append has several segments of one fence, as `000003-000001.jsonl`, which come before `000003.jsonl`. */
const fenceOf = (key: string) => Number(/\/(\d{6,})(-\d+)?\.jsonl$/.exec(key)?.[1] ?? 0);

/** Places in groups that are read at once: of one object, with no more in between than what is wanted. */
function* neighbours(places: readonly Place[]): Iterable<Place[]> {
  let near: Place[] = [];
  let wanted = 0;
  for (const place of [...places].sort((a, b) => (a.key === b.key ? a.from - b.from : a.key < b.key ? -1 : 1))) {
    const bytes = place.to - place.from;
    const first = near[0];
    if (first && (first.key !== place.key || place.to - first.from > 2 * (wanted + bytes))) {
      yield near;
      near = [];
      wanted = 0;
    }
    near.push(place);
    wanted += bytes;
  }
  if (near.length > 0) yield near;
}

/** An item as a line: a checksum over the shard and the rows, then the rows. JSON has no raw tab. */
function itemLine(uri: string, rows: readonly unknown[]): string {
  const text = rows.map((row) => JSON.stringify(row)).join('\t');
  return `${checksum(uri, text)}\t${text}`;
}

const checksum = (uri: string, rows: string | Buffer) => crc32(rows, crc32(uri)).toString(16).padStart(8, '0');

/** What itemLine made; null for anything else, and for lines of another shard. */
function rowsOf(uri: string, line: Buffer): string[] | null {
  const rows = line.subarray(9);
  if (line[8] !== 0x09 || line.toString('latin1', 0, 8) !== checksum(uri, rows)) return null;
  return rows.toString().split('\t');
}

const parseItem = <Row>(uri: string, line: Buffer): Row[] | null =>
  rowsOf(uri, line)?.map((row) => JSON.parse(row) as Row) ?? null;

/** Lines of a stream as bytes, with where they begin; all but a last one are ended. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<{ bytes: Buffer; from: number; ended: boolean }> {
  let rest: Buffer[] = [];
  let from = 0;
  const take = (ended: boolean) => {
    const bytes = rest.length === 1 ? rest[0]! : Buffer.concat(rest);
    const line = { bytes, from, ended };
    rest = [];
    from += bytes.length + 1;
    return line;
  };
  for await (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', at)) {
      rest.push(chunk.subarray(at, end));
      yield take(true);
      at = end + 1;
    }
    if (at < chunk.length) rest.push(chunk.subarray(at));
  }
  if (rest.length > 0) yield take(false);
}
