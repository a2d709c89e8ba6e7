import { setTimeout as sleep } from 'node:timers/promises';
import { type EndpointConfig, urlsOf } from '../../config/models.ts';
import { Failure } from '../failures.ts';
import type { Metrics } from '../metrics.ts';
import type { Store } from '../storage/store.ts';
import { findStored } from '../storage/stored.ts';
import { InferenceClient, type ListedModel } from './client.ts';
import type { HostLimiter, LimitedEngine, ModelClient, Servable } from './engine.ts';
import { classify } from './errors.ts';
import { Limiter } from './limiter.ts';
import { Replica } from './replica.ts';
import { Replicas } from './replicas.ts';

/** How long to leave an operator to serve a new checkpoint before looking again. */
const LOOK_AGAIN_MS = 15_000;

/** How long replicas that are slow to list their models are waited for after one that serves the model. */
const LATECOMERS_MS = 1_000;

/** OpenAI-compatible URLs that somebody else keeps running. */
export class EndpointEngine implements LimitedEngine {
  readonly #store: Store;
  readonly #env: NodeJS.ProcessEnv;
  readonly #metrics: Metrics | undefined;
  readonly #replicas = new Map<string, Replicas>();

  constructor(store: Store, env: NodeJS.ProcessEnv, metrics?: Metrics) {
    this.#store = store;
    this.#env = env;
    this.#metrics = metrics;
  }

  async serve(model: Servable, signal: AbortSignal): Promise<{ client: ModelClient; name: string }> {
    const replicas = this.#replicasOf(model.config.endpoint!);
    const wanted = await this.#wanted(model);
    const [first] = replicas.all;
    if (replicas.all.length === 1) return { client: first!.client, name: await find(first!, wanted, signal) };
    const finding = replicas.all.map((replica) => find(replica, wanted, signal));
    const name = await Promise.any(finding).catch(({ errors }: AggregateError) => {
      signal.throwIfAborted();
      throw together(errors);
    });
    await Promise.race([Promise.allSettled(finding), sleep(LATECOMERS_MS, undefined, { ref: false })]);
    return { client: replicas.clientFor((models) => nameIn(models, wanted)), name };
  }

  /** What a model may be served as, and where it is in the store: an operator has yet to be told of that. */
  async #wanted({ config, checkpoint }: Servable): Promise<Wanted> {
    if (!checkpoint) {
      const key = await findStored(this.#store, config.model);
      const path = key === null ? null : this.#store.locate(key);
      return { names: path === null ? [config.model] : [key!, path], path, checkpoint: null };
    }
    const path = this.#store.locate(checkpoint.uri);
    return { names: [checkpoint.name, checkpoint.uri, path], path, checkpoint: checkpoint.name };
  }

  /** What an endpoint of one URL serves now. @throws Failure where it does not answer */
  async listModels(endpoint: EndpointConfig & { baseUrl: string }, signal: AbortSignal): Promise<string[]> {
    const [replica] = this.#replicasOf(endpoint).all;
    return (await list(replica!, signal)).map(({ id }) => id);
  }

  *limiters(): Iterable<HostLimiter> {
    for (const { all } of this.#replicas.values())
      for (const { client } of all) yield { host: new URL(client.baseUrl).host, limiter: client.limiter };
  }

  async close(): Promise<void> {}

  #replicasOf(endpoint: EndpointConfig): Replicas {
    const { apiKeyEnv, maxInFlight } = endpoint;
    const key = JSON.stringify(endpoint);
    const known = this.#replicas.get(key);
    if (known) return known;
    const urls = urlsOf(endpoint);
    // Secrets out of files end with a newline.
    const apiKey = apiKeyEnv === undefined ? undefined : this.#env[apiKeyEnv]?.trim();
    if (apiKeyEnv !== undefined && !apiKey)
      throw new Failure(
        'Unauthorized',
        `this worker's environment has no variable ${apiKeyEnv} with the key of ${urls.join(', ')}`,
      );
    if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey))
      throw new Failure('Unauthorized', `the key in ${apiKeyEnv} has characters that no key has`);
    const all = urls.map((baseUrl) => {
      const limiter = new Limiter({ most: maxInFlight });
      return new Replica(new InferenceClient({ baseUrl, apiKey, limiter, watchLoad: true, metrics: this.#metrics }));
    });
    const replicas = new Replicas(all);
    this.#replicas.set(key, replicas);
    return replicas;
  }
}

interface Wanted {
  names: string[];
  path: string | null;
  /** Of a checkpoint. */
  checkpoint: string | null;
}

/** People complete a folder's name with a slash. */
const nameIn = (models: readonly ListedModel[], { names }: Wanted): string | undefined =>
  models.find(({ id, root }) => [id, root].some((name) => name && names.includes(name.replace(/\/+$/, ''))))?.id;

/** What one server calls the model. @throws Failure where it does not serve it */
async function find(replica: Replica, wanted: Wanted, signal: AbortSignal): Promise<string> {
  const { names, path, checkpoint } = wanted;
  const waiting = path ? `; waiting for it to serve ${path}` : '';
  const models = await list(replica, signal, waiting);
  const name = nameIn(models, wanted);
  if (name !== undefined) return name;
  const serves = `${replica.client.baseUrl} serves ${some(models.map(({ id }) => id))}`;
  if (!path) throw new Failure('ModelNotFound', `${serves}, not "${names[0]}"`);
  const named = checkpoint ? ` (as that path or as "${checkpoint}")` : '';
  throw new Failure('CheckpointNotServed', `${serves}${waiting}${named}`, { retryAfter: LOOK_AGAIN_MS });
}

async function list(replica: Replica, signal: AbortSignal, waiting = ''): Promise<readonly ListedModel[]> {
  return await replica.list(signal).catch((error) => {
    signal.throwIfAborted();
    const failed = classify(error);
    const type = failed.kind === 'run' ? failed.type : 'EngineUnavailable';
    throw new Failure(type, `${replica.client.baseUrl} does not list its models: ${failed.message}${waiting}`, {
      cause: error,
    });
  });
}

/** Why none of several serves a model: waiting helps where it helps with one of them. */
function together(errors: unknown[]): Failure {
  const failures = errors.map((error) => {
    if (error instanceof Failure) return error;
    throw error;
  });
  const { type, retryAfter, cause } = failures.find(({ retryable }) => retryable) ?? failures[0]!;
  const message = failures.map((failure) => failure.message).join('; ');
  return new Failure(type, message, { cause, ...(retryAfter !== undefined && { retryAfter }) });
}

/** An endpoint of a provider serves hundreds. */
function some(names: string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return names.slice(0, 10).join(', ') + more;
}
