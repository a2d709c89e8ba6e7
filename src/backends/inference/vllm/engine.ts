import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../../failures.ts';
import type { Gpus } from '../../gpus.ts';
import { type Metrics, NO_METRICS } from '../../metrics.ts';
import { findModel } from '../../models.ts';
import type { Store } from '../../storage/store.ts';
import { fetchStored } from '../../storage/stored.ts';
import type { GenerationRequest, GenerationResult } from '../client.ts';
import { type HostLimiter, type LimitedEngine, type ModelClient, modelName, type Servable } from '../engine.ts';
import { onAbort } from '../on-abort.ts';
import type { VllmConfig } from './command.ts';
import { newLog } from './logs.ts';
import { HOST, type VllmProcess } from './process.ts';
import { type Log, VllmServer } from './server.ts';
import { Supervisor } from './supervisor.ts';
import { Turns } from './turns.ts';
import { readWeights, type Source, type Weights } from './weights.ts';

/** How long a model may keep others waiting. */
const QUANTUM_MS = 20_000;
/** The turn of the processes that wait for the GPUs. */
const OTHERS = 'others';
const NEVER = new AbortController().signal;

/** vLLM on this machine's GPUs, started and owned by this worker, for any number of models in turns. */
export class VllmEngine implements LimitedEngine {
  readonly #store: Store;
  readonly #config: VllmConfig;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #folder: string;
  readonly #supervisor: Supervisor;
  readonly #turns: Turns;
  readonly #servers = new Map<string, VllmServer>();
  /** By id. */
  readonly #weights = new Map<string, Weights>();
  /** By folder and what is in it. */
  readonly #read = new Map<string, Promise<Weights>>();
  /** The one that may be on the GPU. */
  #awake: VllmServer | null = null;
  #recovering: Promise<VllmProcess> | null = null;
  #loading: Promise<unknown> = Promise.resolve();
  #starts = 0;

  /** @param options.folder for the logs of vLLM, and for what a killed worker leaves to the next */
  constructor(options: {
    store: Store;
    config: VllmConfig;
    python: string;
    folder: string;
    gpus: Gpus;
    log: Log;
    metrics?: Metrics | undefined;
  }) {
    this.#store = options.store;
    this.#config = options.config;
    this.#log = options.log;
    this.#metrics = options.metrics ?? NO_METRICS;
    this.#folder = options.folder;
    this.#supervisor = new Supervisor({
      python: options.python,
      folder: join(options.folder, ['gpus', ...options.gpus.names].join('-')),
      locks: options.gpus.locks,
      wanted: () => void this.#giveWay(),
      metrics: this.#metrics,
    });
    this.#turns = new Turns({ begin: (key) => this.#begin(key), quantumMs: QUANTUM_MS });
    if (options.config.model !== undefined) void this.#startEarly(options.config.model);
  }

  async serve(model: Servable, signal: AbortSignal): Promise<{ client: ModelClient; name: string }> {
    const name = modelName(model);
    const path = await (model.checkpoint
      ? this.#store.fetch(model.checkpoint.uri)
      : fetchStored(this.#store, model.config.model));
    const weights = await this.#readWeights({ name, path, sha256: model.checkpoint?.sha256 }, signal);
    const engine = this;
    const client: ModelClient = {
      generate: (request, signal) => this.#generate(weights, request, signal),
      get limiter() {
        return engine.#serverOf(weights).limiter;
      },
      get waitingFor() {
        return engine.#waitingFor(weights);
      },
    };
    return { client, name };
  }

  *limiters(): Iterable<HostLimiter> {
    if (this.#awake) yield { host: HOST, limiter: this.#awake.limiter };
  }

  async close(): Promise<void> {
    await this.#supervisor.close();
  }

  async #generate(weights: Weights, request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    const leave = await this.#turns.enter(weights.id, signal);
    try {
      for (;;) {
        const process = this.#serverOf(weights).answering(weights) ?? (await waitFor(this.#recover(weights), signal));
        // vLLM draws those with seeds one by one; where nothing is drawn it need not look at them.
        const seed = request.temperature > 0 ? request.seed : undefined;
        try {
          const asked = { ...request, model: process.nameOf(weights), seed };
          const result = await process.client.generate(asked, signal);
          process.hasAnswered = true;
          return result;
        } catch (error) {
          signal.throwIfAborted();
          // What it was asked is asked again once it runs again: that is no failure of the request.
          if (!process.hasEnded) throw error;
        }
      }
    } finally {
      leave();
    }
  }

  /** Starts what has ended in its turn, once for all who wait. */
  async #recover(weights: Weights): Promise<VllmProcess> {
    this.#recovering ??= this.#load(weights).finally(() => {
      this.#recovering = null;
    });
    return await this.#recovering;
  }

  async #begin(key: string): Promise<void> {
    if (key !== OTHERS) await this.#load(this.#weights.get(key)!);
    else
      await this.#oneAfterTheOther(async () => {
        await this.#awake?.rest();
        this.#awake = null;
        await this.#supervisor.release();
      });
  }

  async #load(weights: Weights): Promise<VllmProcess> {
    return await this.#oneAfterTheOther(async () => {
      const server = this.#serverOf(weights);
      if (this.#awake !== server) await this.#awake?.rest();
      this.#awake = server;
      await this.#supervisor.acquire();
      return await server.load(weights);
    });
  }

  /** One change after the other: those who wait for a start may all have left before it is over. */
  async #oneAfterTheOther<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#loading.catch(() => {}).then(change);
    this.#loading = changed;
    return await changed;
  }

  /** Another process wants the GPUs: its turn comes as a model's does. */
  async #giveWay(): Promise<void> {
    try {
      const leave = await this.#turns.enter(OTHERS, NEVER);
      leave();
    } catch (error) {
      this.#log(`the GPUs are not given to others: ${(error as Error).message}`);
    }
  }

  #serverOf({ architecture }: Weights): VllmServer {
    const known = this.#servers.get(architecture);
    if (known) return known;
    const server = new VllmServer({
      supervisor: this.#supervisor,
      config: this.#config,
      newLog: () => newLog(this.#folder, `vllm-${process.pid}-${++this.#starts}`),
      log: this.#log,
      metrics: this.#metrics,
      makeRoom: async () => {
        await Promise.all([...this.#servers.values()].map((other) => other.endIfAsleep()));
      },
    });
    this.#servers.set(architecture, server);
    return server;
  }

  #waitingFor(weights: Weights): string | null {
    const { current } = this.#turns;
    const { holder } = this.#supervisor;
    if (holder !== null) return `the GPU: ${holder} has it`;
    if (current !== null && current !== weights.id && current !== OTHERS)
      return `its turn on the GPU: ${this.#weights.get(current)?.name} is answering`;
    const server = this.#serverOf(weights);
    return server.doing?.() ?? server.answering(weights)?.client.waitingFor ?? null;
  }

  async #readWeights(model: Source, signal: AbortSignal): Promise<Weights> {
    const key = `${model.path} ${await contents(findModel(model.path) ?? model.path)}`;
    const reading = this.#read.get(key) ?? readWeights(model);
    this.#read.set(key, reading);
    reading.catch(() => this.#read.delete(key));
    const weights = await waitFor(reading, signal);
    this.#weights.set(weights.id, weights);
    return weights;
  }

  /** So that the start is over when the first run asks. */
  async #startEarly(model: string): Promise<void> {
    try {
      const weights = await this.#readWeights({ name: model, path: model }, NEVER);
      const leave = await this.#turns.enter(weights.id, NEVER);
      leave();
    } catch (error) {
      this.#log(`CRITIQUE_LOOP_VLLM_MODEL: ${(error as Failure).message}`);
    }
  }
}

/** Equal where nothing in a folder has been changed. */
async function contents(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(names.sort().map((name) => stat(join(folder, name)).catch(() => null)));
  const list = stats.map((one, i) => `${names[i]} ${one?.size} ${one?.mtimeMs}`);
  return createHash('sha256').update(list.join('\n')).digest('hex');
}

/** A promise that others wait for, too, until the signal is aborted. */
async function waitFor<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be left who wants to know.
  promise.catch(() => {});
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, reject);
    promise.then(resolve, reject).finally(forget);
  });
}
