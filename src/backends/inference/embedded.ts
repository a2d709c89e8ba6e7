import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fetch } from 'undici';
import { Failure } from '../failures.ts';
import { hasEnded } from '../has-ended.ts';
import type { Metrics } from '../metrics.ts';
import { findModel } from '../models.ts';
import { trainerFile } from '../package.ts';
import type { Store } from '../storage/store.ts';
import { fetchStored } from '../storage/stored.ts';
import { InferenceClient } from './client.ts';
import { type HostLimiter, type LimitedEngine, modelName, type Servable } from './engine.ts';
import { Limiter } from './limiter.ts';

const HOST = 'embedded';
/** The engine decodes 256 sequences at a time; a few more wait so that it never starves. */
const MOST_IN_FLIGHT = 384;

interface Running {
  client: InferenceClient;
  origin: string;
  /** Path by name. */
  loaded: Map<string, string>;
  /** Loads one after the other: two of the same name would race. */
  loading: Promise<unknown>;
}

/**
 * deploy/trainer/serve.py as a child process: an OpenAI-compatible server for small checkpoints on this machine's CPU.
 * Started when it is first needed, started again after a crash, and gone with this process, however that ends.
 */
export class EmbeddedEngine implements LimitedEngine {
  readonly #store: Store;
  readonly #python: () => Promise<string>;
  readonly #threads: number | undefined;
  readonly #metrics: Metrics | undefined;
  #starting: Promise<Running> | null = null;
  #limiter: Limiter | null = null;
  #child: ChildProcess | null = null;
  #closed = false;

  constructor(options: {
    store: Store;
    python: () => Promise<string>;
    threads?: number | undefined;
    metrics?: Metrics | undefined;
  }) {
    this.#store = options.store;
    this.#python = options.python;
    this.#threads = options.threads;
    this.#metrics = options.metrics;
  }

  async serve(model: Servable, signal: AbortSignal): Promise<{ client: InferenceClient; name: string }> {
    const name = modelName(model);
    const found = await (model.checkpoint
      ? this.#store.fetch(model.checkpoint.uri)
      : fetchStored(this.#store, model.config.model));
    const path = findModel(found) ?? found;
    const engine = await this.#running(signal);
    const loaded = engine.loading.catch(() => {}).then(() => load(engine, name, path, signal));
    engine.loading = loaded;
    await loaded;
    return { client: engine.client, name };
  }

  *limiters(): Iterable<HostLimiter> {
    if (this.#limiter) yield { host: HOST, limiter: this.#limiter };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(late);
  }

  async #running(signal: AbortSignal): Promise<Running> {
    signal.throwIfAborted();
    if (this.#child && hasEnded(this.#child)) {
      this.#child = null;
      this.#starting = null;
    }
    this.#starting ??= this.#start();
    const starting = this.#starting;
    try {
      return await starting;
    } catch (error) {
      if (this.#starting === starting) this.#starting = null;
      throw error;
    }
  }

  async #start(): Promise<Running> {
    const args = [trainerFile('serve.py'), '--host', '127.0.0.1', '--port', '0', '--exit-with-parent'];
    if (this.#threads !== undefined) args.push('--threads', String(this.#threads));
    const python = await this.#python();
    if (this.#closed) throw new Failure('EngineUnavailable', 'the embedded engine is closed');
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    const log = lastLines(child);
    const origin = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Failure('EngineUnavailable', `the embedded engine ${why}`));
      child.once('error', (error) => fail(`can't be started: ${error.message}`));
      child.once('close', (code, signal) => fail(`ended (${signal ?? code}): ${log().trim()}`));
      createInterface(child.stdout).on('line', (line) => {
        const ready = parseReady(line);
        if (ready) resolve(`http://${ready.host}:${ready.port}`);
      });
    });
    const limiter = new Limiter({ start: MOST_IN_FLIGHT, most: MOST_IN_FLIGHT });
    this.#limiter = limiter;
    const client = new InferenceClient({
      baseUrl: `${origin}/v1`,
      limiter,
      hasEnded: () => hasEnded(child),
      metrics: this.#metrics,
      host: HOST,
    });
    return { client, origin, loaded: new Map(), loading: Promise.resolve() };
  }
}

async function load(engine: Running, name: string, path: string, signal: AbortSignal): Promise<void> {
  if (engine.loaded.get(name) === path) return;
  const response = await fetch(`${engine.origin}/v1/load_checkpoint`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, path }),
    signal,
  }).catch((error) => {
    signal.throwIfAborted();
    throw new Failure('EngineUnavailable', `the embedded engine does not answer: ${error.message}`, { cause: error });
  });
  if (!response.ok) {
    const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
    const type = response.status < 500 ? 'ModelNotFound' : 'EngineUnavailable';
    throw new Failure(type, `cannot load "${name}": ${body?.error?.message ?? `status ${response.status}`}`);
  }
  engine.loaded.set(name, path);
}

function parseReady(line: string): { host: string; port: number } | null {
  try {
    const event = JSON.parse(line) as { event?: string; host?: string; port?: number };
    return event.event === 'ready' && event.host && event.port ? { host: event.host, port: event.port } : null;
  } catch {
    return null;
  }
}

function lastLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2000);
  });
  return () => tail;
}
