import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { datasetInfo, downloadFile, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { EnvHttpProxyAgent, fetch, Headers } from 'undici';
import { Failure } from '../failures.ts';

/** What of a dataset or a model is wanted. */
export interface HubRequest {
  /** `openai/gsm8k` */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Pattern of file names. */
  files: string;
  /** What reads the same files from a folder; `model` of a model, not of a dataset. */
  source: 'gsm8k' | 'math' | 'file' | 'model';
  /** Variable that holds a token; by default HF_TOKEN, where it is set. */
  tokenEnv?: string | undefined;
}

export interface HubAccess {
  /** HF_ENDPOINT and HF_TOKEN. */
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Before the second attempt, doubled before each later one: a second. */
  waitMs?: number | undefined;
}

/** A file of a commit, and what its bytes hash to: by SHA-256 a large one, any other as git does. */
export interface Listed {
  name: string;
  bytes: number;
  sha256?: string;
  git?: string | undefined;
}

/** The hub does not answer, or not well, however often it is asked. */
export class Unreachable extends Failure {}

/** Worth another attempt: the server is overloaded, or sent less than it promised. */
class Transient extends Error {
  readonly retryAfterMs: number | undefined;

  /** @param retryAfter seconds, where the server says so */
  constructor(message: string, retryAfter?: string | null) {
    super(message);
    if (retryAfter && /^\d+$/.test(retryAfter)) this.retryAfterMs = Number(retryAfter) * 1000;
  }
}

const ATTEMPTS = 5;
const MAX_WAIT_MS = 60_000;

/** One dataset or model on the hub, as one user sees it. All errors are Failures of type InvalidInput that say what to do. */
export class HubClient {
  readonly #request: HubRequest;
  readonly #access: HubAccess;
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #connection: { hubUrl: string; fetch: typeof globalThis.fetch };

  constructor(request: HubRequest, access: HubAccess) {
    const { env } = access;
    const { tokenEnv } = request;
    this.#request = request;
    this.#access = access;
    this.#url = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
    if (!URL.canParse(this.#url))
      throw new Failure('InvalidInput', `HF_ENDPOINT is "${this.#url}", expected a URL like https://huggingface.co`);
    this.#token = env[tokenEnv ?? 'HF_TOKEN'] || undefined;
    if (tokenEnv && !this.#token)
      throw new Failure('InvalidInput', `"tokenEnv" names ${tokenEnv}, which is not set where this worker runs`);
    this.#connection = { hubUrl: this.#url, fetch: this.#fetch() };
  }

  /** The commit that the revision means now. */
  async commit(): Promise<string> {
    const { name, revision } = this.#request;
    const asked = { name, revision, additionalFields: ['sha' as const], ...this.#connection };
    return await this.#patiently(async () => {
      const { sha } = this.#kind === 'model' ? await modelInfo(asked) : await datasetInfo(asked);
      if (/^[0-9a-f]{40}$/.test(sha)) return sha;
      throw new Error(`it names no commit for "${revision}"`);
    });
  }

  async list(commit: string): Promise<Listed[]> {
    const asked = { repo: this.#repo, revision: commit, recursive: true, ...this.#connection };
    return await this.#patiently(async () => {
      const files: Listed[] = [];
      for await (const { type, path: name, size, oid, lfs } of listFiles(asked)) {
        const leadsOut = name.startsWith('/') || name.split('/').includes('..');
        if (type === 'file' && !leadsOut)
          files.push({ name, ...(lfs ? { bytes: lfs.size, sha256: lfs.oid } : { bytes: size, git: oid }) });
      }
      return files;
    });
  }

  /** Writes a file whole, or not at all. */
  async download(commit: string, file: Listed, path: string): Promise<void> {
    const asked = { repo: this.#repo, path: file.name, revision: commit, xet: false, ...this.#connection };
    const temporary = `${path}.${randomUUID()}.tmp`;
    await mkdir(dirname(path), { recursive: true });
    try {
      await this.#patiently(async () => {
        const blob = await downloadFile(asked);
        if (!blob) throw new Error(`there is no ${file.name}, though it is listed`);
        const body = Readable.fromWeb(blob.stream() as ReadableStream);
        const write = createWriteStream(temporary, { flush: true });
        await pipeline(body, (chunks) => checked(chunks, file), write, { signal: this.#access.signal });
      });
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  get #kind() {
    return this.#request.source === 'model' ? 'model' : 'dataset';
  }

  get #repo() {
    return { type: this.#kind, name: this.#request.name } as const;
  }

  /** Only the hub itself gets the token, no server that it sends us to. */
  #fetch(): typeof globalThis.fetch {
    const dispatcher = new EnvHttpProxyAgent();
    const { signal } = this.#access;
    const { origin } = new URL(this.#url);
    const hubFetch = async (url: string | URL, init: { headers?: Record<string, string> } = {}) => {
      const headers = new Headers(init.headers);
      if (this.#token && new URL(url).origin === origin) headers.set('authorization', `Bearer ${this.#token}`);
      const response = await fetch(url, { ...init, headers, dispatcher, ...(signal && { signal }) });
      const { status } = response;
      if (status === 408 || status === 429 || status >= 500)
        throw new Transient(`it answers ${status}`, response.headers.get('retry-after'));
      return response;
    };
    return hubFetch as unknown as typeof globalThis.fetch;
  }

  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { signal, waitMs = 1000 } = this.#access;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        const transient = asTransient(error);
        if (!transient) throw this.#explain(error);
        if (attempt === ATTEMPTS) {
          const said = `${this.#url} can't be read from here: ${transient.message}`;
          throw new Unreachable('InvalidInput', `${said}; ${this.#byHand}`, { cause: error });
        }
        const wait = transient.retryAfterMs ?? waitMs * 2 ** (attempt - 1);
        await sleep(Math.min(wait, MAX_WAIT_MS), undefined, { ...(signal && { signal }) });
      }
    }
  }

  #explain(error: unknown): unknown {
    const { name, revision, tokenEnv = 'HF_TOKEN' } = this.#request;
    const failure = (message: string) => new Failure('InvalidInput', message, { cause: error });
    if (error instanceof HubApiError) {
      const { statusCode } = error;
      if (statusCode === 401 || statusCode === 403)
        return failure(
          `${this.#url} refuses ${name} (${statusCode}): there is none of this name, or a token that may read it has to be ` +
            `in ${tokenEnv} where this worker runs; ${this.#byHand}`,
        );
      if (statusCode === 404)
        return failure(`${this.#url} has no ${this.#kind} ${name} with a revision "${revision}" (404)`);
    }
    if (error instanceof Error && 'syscall' in error) return error;
    const message = error instanceof Error ? error.message : String(error);
    return failure(`${this.#url} does not answer as the Hugging Face hub: ${message}; ${this.#byHand}`);
  }

  get #byHand(): string {
    const { name, revision, files, source } = this.#request;
    if (source === 'model') return `where it can be read, run \`hf download ${name}\`, and bring the folder here`;
    const command = `hf download ${name} --repo-type dataset --revision ${revision} --include "${files}" --local-dir DIR`;
    return `where it can be read, run \`${command}\`, bring DIR here and take {"source": "${source}", "path": "DIR"}`;
  }
}

/** Another attempt may help: the server said so, or the connection broke. The library makes a text of an error in a body. */
function asTransient(error: unknown): Transient | null {
  if (error instanceof Transient) return error;
  if (typeof error === 'string') return new Transient(error);
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) return null;
  return new Transient(`${error.message} (${error.cause.message})`);
}

async function* checked(chunks: AsyncIterable<Uint8Array>, { name, bytes, sha256, git }: Listed) {
  const hash = createHash(sha256 ? 'sha256' : 'sha1');
  if (!sha256) hash.update(`blob ${bytes}\0`);
  let received = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    received += chunk.length;
    yield chunk;
  }
  if (received !== bytes) throw new Transient(`${name} broke off after ${received} of ${bytes} bytes`);
  const found = hash.digest('hex');
  const expected = sha256 ?? git ?? found;
  if (found !== expected) throw new Transient(`${name} hashes to ${found}, expected ${expected}`);
}
