import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Metrics } from '../../metrics.ts';
import { InferenceClient } from '../client.ts';
import { HttpError } from '../errors.ts';
import type { Limiter } from '../limiter.ts';
import { serveCommand, type VllmConfig } from './command.ts';
import { tail } from './logs.ts';
import { type Answer, probe } from './probe.ts';
import { lastWords, type Reason, reasonOf } from './reasons.ts';
import type { Supervised, Supervisor } from './supervisor.ts';
import type { Weights } from './weights.ts';

/** What metrics call it, on whatever port it is. */
export const HOST = 'vllm';

const LOOK_EVERY_MS = 250;

/** For what takes as long as it takes: loading weights, or waking. */
const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** A vLLM process that answers, from its start to its end. */
export class VllmProcess {
  readonly client: InferenceClient;
  /** Whether anybody was answered. */
  hasAnswered = false;
  readonly #origin: string;
  readonly #servedName: string;
  readonly #supervised: Supervised;
  readonly #log: string;
  /** Names of adapters, by their weights. */
  readonly #adapters = new Map<string, string>();

  private constructor(options: {
    origin: string;
    servedName: string;
    supervised: Supervised;
    log: string;
    limiter: Limiter;
    metrics: Metrics;
  }) {
    const { origin, servedName, supervised, log, limiter, metrics } = options;
    this.#origin = origin;
    this.#servedName = servedName;
    this.#supervised = supervised;
    this.#log = log;
    this.client = new InferenceClient({
      baseUrl: `${origin}/v1`,
      limiter,
      hasEnded: () => supervised.hasEnded(),
      watchLoad: true,
      metrics,
      host: HOST,
    });
  }

  /**
   * Waits until it answers, or for the reason why it does not, however long that takes.
   * @param options.log file for its output @param options.said is told what it does meanwhile
   */
  static async start(options: {
    supervisor: Supervisor;
    config: VllmConfig;
    weights: Weights;
    limiter: Limiter;
    log: string;
    said: (words: string) => void;
    metrics: Metrics;
  }): Promise<VllmProcess | Reason> {
    const { supervisor, config, weights, limiter, log, said, metrics } = options;
    const port = await freePort();
    // By this name we know that it is ours who answers there.
    const servedName = `critique-loop-${randomUUID()}`;
    const command = serveCommand(config, { weights, port, servedName });
    const supervised = supervisor.start({ ...command, log });
    const origin = `http://127.0.0.1:${port}`;
    while (!(await isHealthy(origin))) {
      if (supervised.hasEnded()) return reasonOf(await tail(log), await supervised.ended);
      said(lastWords(await tail(log)));
      await Promise.race([supervised.ended, sleep(LOOK_EVERY_MS)]);
    }
    const started = new VllmProcess({ origin, servedName, supervised, log, limiter, metrics });
    const names = await started.client.models(new AbortController().signal).catch(() => []);
    if (names.some(({ id }) => id === servedName)) return started;
    if (supervised.hasEnded()) return await started.reason();
    await supervised.end();
    return { type: 'EngineUnavailable', message: `somebody else answers on port ${port}` };
  }

  get hasEnded(): boolean {
    return this.#supervised.hasEnded();
  }

  /** Why it ended, by its log. */
  async reason(): Promise<Reason> {
    return reasonOf(await tail(this.#log), await this.#supervised.ended);
  }

  async end(): Promise<void> {
    await this.#supervised.end();
  }

  /** The name to ask for. */
  nameOf({ id, adapter }: Weights): string {
    return adapter ? this.#adapters.get(id)! : this.#servedName;
  }

  async probe(weights: Weights): Promise<Answer> {
    return await probe(this.#origin, this.nameOf(weights));
  }

  /** Loads other weights of the same architecture where the present ones are. */
  async reload({ path }: Weights): Promise<void> {
    await this.#post('/pause?mode=wait');
    await this.#post('/collective_rpc', { method: 'reload_weights', kwargs: { weights_path: path } });
    await this.#post('/reset_prefix_cache');
    await this.#post('/resume');
  }

  /** Loads the adapter of these weights beside its base, unless they have none or it is there. */
  async addAdapter({ id, adapter }: Weights): Promise<void> {
    if (!adapter || this.#adapters.has(id)) return;
    const name = `adapter-${this.#adapters.size + 1}`;
    await this.#post('/v1/load_lora_adapter', { lora_name: name, lora_path: adapter.path });
    this.#adapters.set(id, name);
  }

  /** Gives the GPU's memory back, but for a small rest, and keeps the weights in the machine's. */
  async sleep(): Promise<void> {
    await this.#post('/sleep?level=1&mode=wait');
  }

  async wake(): Promise<void> {
    await this.#post('/wake_up');
  }

  async #post(path: string, body?: object): Promise<void> {
    const response = await request(`${this.#origin}${path}`, {
      method: 'POST',
      dispatcher: patient,
      // A connection that was kept may be closed at the moment of asking.
      reset: true,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode !== 200)
      throw new HttpError(response.statusCode, `${path}: ${response.statusCode} ${text.slice(0, 500)}`);
  }
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${origin}/health`, { headersTimeout: 5_000, bodyTimeout: 5_000 });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

/** One that nobody listens on now. vLLM shares a port with others that do (SO_REUSEPORT), so that it is not left to it to find out. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
