import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2Output,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { BUCKET } from '../../config/environment.ts';
import { Failure } from '../failures.ts';
import { Copies, type Stamp } from './copies.ts';
import type { Journal } from './journal.ts';
import { readJson } from './json.ts';
import { checkedKey } from './keys.ts';
import { ObjectJournal } from './object-journal.ts';
import type { ByteRange, Chunks, Store } from './store.ts';

/** Parts of an object that is written, in bytes: 10,000 of them are the most that S3 takes. */
const PART = 8 * 1024 * 1024;

/** What an adapter has: it names its base by a path. */
const ADAPTER = 'adapter_config.json';
interface Adapter {
  base_model_name_or_path?: string;
}

/** So that a browser shows what people look at in the bucket. */
const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
};

/**
 * A bucket of S3 or of what speaks its API, or a prefix in one. Endpoint, region and credentials are those of the AWS SDK's own
 * environment and profiles. Not Flystorage: it writes files of a folder in place, without fsync or rename, and can't create one only
 * where there is none, so that a folder would need another library or none.
 */
export class S3Store implements Store {
  readonly root: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #copies: Copies;
  /** What is being brought to this machine now, by key. */
  readonly #fetching = new Map<string, Promise<string>>();

  /** @param root `s3://bucket/prefix` @param cache folder for what processes of this machine need as files */
  constructor(root: string, cache: string) {
    const { bucket, prefix } = parseRoot(root);
    this.root = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#copies = new Copies(join(resolve(cache), bucket, prefix));
    const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    this.#client = new S3Client({
      // Rows have hashes of their own, and not every server knows those of the SDK.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
      ...(endpoint && { forcePathStyle: true, ...(!process.env.AWS_REGION && { region: 'us-east-1' }) }),
    });
  }

  locate(key: string): string {
    return `s3://${this.#bucket}/${this.#keyOf(key)}`;
  }

  path(key: string): string {
    return this.#copies.path(key);
  }

  async write(key: string, chunks: Chunks): Promise<void> {
    await this.#upload(key, chunks, {});
  }

  async create(key: string, chunks: Chunks): Promise<boolean> {
    try {
      await this.#upload(key, chunks, { IfNoneMatch: '*' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  async #upload(key: string, chunks: Chunks, conditions: { IfNoneMatch?: string }): Promise<void> {
    // What goes wrong in there is not the store's.
    let failed: { error: unknown } | undefined;
    async function* bytes() {
      try {
        for await (const chunk of chunks) yield Buffer.from(chunk);
      } catch (error) {
        failed = { error };
        throw error;
      }
    }
    const upload = new Upload({
      client: this.#client,
      params: {
        Bucket: this.#bucket,
        Key: this.#keyOf(key),
        Body: Readable.from(bytes(), { objectMode: false }),
        ContentType: CONTENT_TYPES[extname(key)],
        ...conditions,
      },
      partSize: PART,
      queueSize: 2,
    });
    try {
      await upload.done();
    } catch (error) {
      throw failed ? failed.error : this.#explained('write', key, error);
    }
  }

  async *read(key: string, range?: ByteRange): AsyncIterable<Buffer> {
    const input = {
      Bucket: this.#bucket,
      Key: this.#keyOf(key),
      ...(range && { Range: `bytes=${range.from}-${range.to - 1}` }),
    };
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(input));
      for await (const chunk of Body as Readable) yield chunk as Buffer;
    } catch (error) {
      throw this.#explained('read', key, error);
    }
  }

  async size(key: string): Promise<number | null> {
    return (await this.#stamp(key))?.size ?? null;
  }

  async #stamp(key: string): Promise<Stamp | null> {
    const Bucket = this.#bucket;
    const input = { Bucket, Key: this.#keyOf(key) };
    return await this.#on('read', key, async () => {
      try {
        const { ContentLength, LastModified } = await this.#client.send(new HeadObjectCommand(input));
        return stampOf(ContentLength, LastModified);
      } catch (error) {
        const isThere = () =>
          this.#client.send(new HeadBucketCommand({ Bucket })).then(
            () => true,
            () => false,
          );
        if (statusOf(error) === 404 && (await isThere())) return null;
        // No answer to HEAD has a body that says what is wrong.
        await this.#client.send(new ListObjectsV2Command({ Bucket, Prefix: input.Key, MaxKeys: 1 }));
        throw error;
      }
    });
  }

  async holds(key: string): Promise<boolean> {
    if ((await this.size(key)) !== null) return true;
    for await (const _ of this.#objects(key)) return true;
    return false;
  }

  async list(folder: string, after?: string): Promise<string[]> {
    const keys: string[] = [];
    const options = { Delimiter: '/', ...(after && { StartAfter: this.#keyOf(after) }) };
    for await (const { key } of this.#objects(folder, options)) keys.push(key);
    return keys.sort();
  }

  async folders(folder: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages(folder, { Delimiter: '/' }))
      for (const { Prefix = '' } of CommonPrefixes) names.push(Prefix.split('/').at(-2)!);
    return names.sort();
  }

  async remove(key: string): Promise<void> {
    const found = [key];
    for await (const object of this.#objects(key)) found.push(object.key);
    await this.#on('remove', key, async () => {
      for (let at = 0; at < found.length; at += 1000) {
        const Objects = found.slice(at, at + 1000).map((it) => ({ Key: this.#keyOf(it) }));
        const { Errors = [] } = await this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
        );
        const [first] = Errors;
        if (first) throw Object.assign(new Error(first.Message), { name: first.Code });
      }
    });
  }

  async journal(key: string): Promise<Journal> {
    return new ObjectJournal(key, (object, text) => this.write(object, [text]));
  }

  async fetch(key: string): Promise<string> {
    const path = this.path(key);
    const running = this.#fetching.get(path);
    if (running) return await running;
    const fetching = this.#bring(key).then(() => path);
    this.#fetching.set(path, fetching);
    return await fetching.finally(() => this.#fetching.delete(path));
  }

  async #bring(key: string): Promise<void> {
    const objects = new Map<string, Stamp>();
    const stamp = await this.#stamp(key);
    if (stamp) objects.set(checkedKey(key), stamp);
    else for await (const { key: object, ...stamp } of this.#objects(key)) objects.set(object, stamp);
    let isTidy = false;
    for (const [object, stamp] of objects) {
      if (await this.#copies.use(object, stamp)) continue;
      if (!isTidy) await this.#copies.tidy();
      isTidy = true;
      await this.#copies.write(object, stamp, basename(object) === ADAPTER ? this.#adapter(object) : this.read(object));
    }
    // A folder that was written anew may have other files.
    if (!stamp && objects.size > 0)
      for await (const file of this.#copies.list(checkedKey(key)))
        if (!objects.has(file) && !file.endsWith('.tmp')) await rm(this.path(file), { force: true });
  }

  /** The description of an adapter, with the path of its base on this machine. */
  async *#adapter(key: string): AsyncIterable<Buffer> {
    const adapter = (await readJson<Adapter>(this, key)) ?? {};
    const { base_model_name_or_path: base } = adapter;
    const inStore = base?.startsWith(`${this.root}/`) ? base.slice(this.root.length + 1) : null;
    if (inStore !== null) adapter.base_model_name_or_path = await this.fetch(inStore);
    yield Buffer.from(JSON.stringify(adapter, null, 2));
  }

  /** The same as other machines can read it. */
  async #adapterForAll(path: string): Promise<string> {
    const adapter = JSON.parse(await readFile(path, 'utf8')) as Adapter;
    const base = relative(this.#copies.folder, adapter.base_model_name_or_path ?? '');
    if (base.startsWith('runs/')) adapter.base_model_name_or_path = `${this.root}/${base}`;
    return JSON.stringify(adapter, null, 2);
  }

  async begin(key: string): Promise<string> {
    const path = this.path(key);
    if (!(await this.holds(key))) await rm(path, { recursive: true, force: true });
    return path;
  }

  async keep(key: string): Promise<void> {
    const kept = new Map<string, Stamp>();
    for await (const { key: object, ...stamp } of this.#objects(key)) kept.set(object, stamp);
    for await (const file of this.#copies.list(checkedKey(key))) {
      // An attempt that was killed may have put it there.
      const before = kept.get(file);
      if (before && (await this.#copies.use(file, before))) continue;
      const path = this.path(file);
      await this.write(file, basename(file) === ADAPTER ? [await this.#adapterForAll(path)] : createReadStream(path));
      await this.#copies.mark(file, (await this.#stamp(file))!);
    }
    await this.#copies.markKept(key);
    await this.#copies.tidy();
  }

  /** The objects of a folder. */
  async *#objects(
    folder: string,
    options: { Delimiter?: string; StartAfter?: string } = {},
  ): AsyncIterable<{ key: string } & Stamp> {
    // Some tools leave an empty object for a folder.
    for await (const { Contents = [] } of this.#pages(folder, options))
      for (const { Key, Size, LastModified } of Contents)
        if (Key && !Key.endsWith('/'))
          yield { key: Key.slice(this.#prefix === '' ? 0 : this.#prefix.length + 1), ...stampOf(Size, LastModified) };
  }

  async *#pages(
    folder: string,
    options: { Delimiter?: string; StartAfter?: string },
  ): AsyncIterable<ListObjectsV2Output> {
    const input = { Bucket: this.#bucket, Prefix: `${this.#keyOf(folder)}/`, ...options };
    let ContinuationToken: string | undefined;
    do {
      const page: ListObjectsV2Output = await this.#on('list', folder, () =>
        this.#client.send(new ListObjectsV2Command({ ...input, ...(ContinuationToken && { ContinuationToken }) })),
      );
      yield page;
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
  }

  #keyOf(key: string): string {
    return this.#prefix ? `${this.#prefix}/${checkedKey(key)}` : checkedKey(key);
  }

  async #on<T>(what: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#explained(what, key, error);
    }
  }

  #explained(what: string, key: string, error: unknown): unknown {
    if (error instanceof Failure || !(error instanceof Error)) return error;
    if (error.name === 'NoSuchKey' || error.name === 'PreconditionFailed')
      return Object.assign(new Error(`cannot ${what} ${this.locate(key)}: ${error.message}`, { cause: error }), {
        code: error.name === 'NoSuchKey' ? 'ENOENT' : 'EEXIST',
      });
    const advice = this.#advice(error);
    const said = error.message || error.name;
    const message = `cannot ${what} ${this.locate(key)}: ${advice} (${said})`;
    return new Failure('StoreUnavailable', message, { cause: withoutKeys(error) });
  }

  #advice(error: Error): string {
    const status = statusOf(error);
    if (error.name === 'NoSuchBucket')
      return `there is no bucket "${this.#bucket}": create it, or set CRITIQUE_LOOP_STORE to one that is there`;
    const said = `${error.name} ${error.message}`;
    if (status === 301 || OF_REGION.test(said)) return 'set AWS_REGION to the region of the bucket';
    if (status === 401 || status === 403 || OF_KEYS.test(error.name) || /access key/i.test(error.message))
      return 'access is denied: this worker needs credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE or a role) that may list, read, write and delete there';
    if (status === 429 || error.name === 'SlowDown') return 'S3 asks to slow down: the run goes on by itself';
    return 'S3 does not answer as it should: the run goes on by itself when it does';
  }
}

const OF_KEYS = /Credential|Token|AccessKey/;
const OF_REGION = /PermanentRedirect|\bregion\b/i;

/** S3 tells in its answer, and the SDK in its error, what a request was signed with. */
function withoutKeys({ name, message, stack = '' }: Error): Error {
  return Object.assign(new Error(message), { name, stack });
}

const stampOf = (size = 0, modified = new Date(0)): Stamp => ({
  size,
  modified: Math.floor(modified.getTime() / 1000),
});

function parseRoot(root: string): { bucket: string; prefix: string } {
  const [, bucket, prefix = ''] = BUCKET.exec(root) ?? [];
  if (!bucket) throw new Failure('InvalidInput', `got "${root}", expected s3://bucket or s3://bucket/prefix`);
  const trimmed = prefix.replace(/\/+$/, '');
  return { bucket, prefix: trimmed && checkedKey(trimmed) };
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
