import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { BUCKET } from '../../config/environment.ts';
import { Failure } from '../failures.ts';
import type { Journal } from './journal.ts';
import { checkedKey } from './keys.ts';
import { ObjectJournal } from './object-journal.ts';
import type { ByteRange, Chunks, Store } from './store.ts';

/** Parts of an object that is written, in bytes: 10,000 of them are the most that S3 takes. */
const PART = 8 * 1024 * 1024;

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
  readonly #cache: string;

  /** @param root `s3://bucket/prefix` @param cache folder for what processes of this machine need as files */
  constructor(root: string, cache: string) {
    const { bucket, prefix } = parseRoot(root);
    this.root = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#cache = join(resolve(cache), bucket, prefix);
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
    return join(this.#cache, checkedKey(key));
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
    const input = { Bucket: this.#bucket, Key: this.#keyOf(key) };
    return await this.#on('read', key, async () => {
      try {
        return (await this.#client.send(new HeadObjectCommand(input))).ContentLength ?? 0;
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        // No answer to HEAD has a body that says whether it is the object that is not there, or the bucket.
        await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket })).catch((ofBucket) => {
          throw statusOf(ofBucket) === 404 ? Object.assign(ofBucket, { name: 'NoSuchBucket' }) : ofBucket;
        });
        return null;
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
    const size = await this.size(key);
    const objects: { key: string; size: number }[] = [];
    if (size !== null) objects.push({ key: checkedKey(key), size });
    else for await (const object of this.#objects(key)) objects.push(object);
    const placed = objects.map((object) => ({ ...object, inside: relative(checkedKey(key), object.key) }));
    const missing = await Promise.all(placed.map(async (it) => (await sizeOnDisk(join(path, it.inside))) !== it.size));
    if (!missing.includes(true)) return path;

    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      for (const { key: object, inside } of placed) {
        const file = join(temporary, inside);
        await mkdir(dirname(file), { recursive: true });
        await pipeline(this.read(object), createWriteStream(file));
      }
      await rm(path, { recursive: true, force: true });
      await rename(temporary, path);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return path;
  }

  async keep(key: string): Promise<void> {
    const path = this.path(key);
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      await this.write(`${key}/${relative(path, file)}`, createReadStream(file));
    }
  }

  /** The objects of a folder, page by page. */
  async *#objects(
    folder: string,
    options: { Delimiter?: string; StartAfter?: string } = {},
  ): AsyncIterable<{ key: string; size: number }> {
    const input = { Bucket: this.#bucket, Prefix: `${this.#keyOf(folder)}/`, ...options };
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#on('list', folder, () =>
        this.#client.send(new ListObjectsV2Command({ ...input, ...(ContinuationToken && { ContinuationToken }) })),
      );
      // Some tools leave an empty object for a folder.
      for (const { Key, Size } of page.Contents ?? [])
        if (Key && !Key.endsWith('/'))
          yield { key: Key.slice(this.#prefix === '' ? 0 : this.#prefix.length + 1), size: Size ?? 0 };
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
    return new Failure('StoreUnavailable', `cannot ${what} ${this.locate(key)}: ${advice} (${said})`, { cause: error });
  }

  #advice(error: Error): string {
    const status = statusOf(error);
    if (error.name === 'NoSuchBucket')
      return `there is no bucket "${this.#bucket}": create it, or set CRITIQUE_LOOP_STORE to one that is there`;
    if (status === 401 || status === 403 || /Credential|Token|AccessKey/.test(error.name))
      return 'access is denied: this worker needs credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE or a role) that may list, read, write and delete there';
    if (status === 301 || error.message === 'Region is missing') return 'set AWS_REGION to the region of the bucket';
    if (status === 429 || error.name === 'SlowDown') return 'S3 asks to slow down: the run goes on by itself';
    return 'S3 does not answer as it should: the run goes on by itself when it does';
  }
}

function parseRoot(root: string): { bucket: string; prefix: string } {
  const [, bucket, prefix = ''] = BUCKET.exec(root) ?? [];
  if (!bucket) throw new Failure('InvalidInput', `got "${root}", expected s3://bucket or s3://bucket/prefix`);
  const trimmed = prefix.replace(/\/+$/, '');
  return { bucket, prefix: trimmed && checkedKey(trimmed) };
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;

const sizeOnDisk = async (path: string): Promise<number | null> => (await stat(path).catch(() => null))?.size ?? null;
