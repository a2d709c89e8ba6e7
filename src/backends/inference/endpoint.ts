import type { EndpointConfig } from '../../config/models.ts';
import { Failure } from '../failures.ts';
import type { Store } from '../storage/store.ts';
import { InferenceClient } from './client.ts';
import type { Engine, Servable } from './engine.ts';
import { classify } from './errors.ts';
import { Limiter } from './limiter.ts';

/** How long to leave an operator to serve a new checkpoint before looking again. */
const LOOK_AGAIN_MS = 15_000;

/** An OpenAI-compatible URL that somebody else keeps running. */
export class EndpointEngine implements Engine {
  readonly #store: Store;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clients = new Map<string, InferenceClient>();

  constructor(store: Store, env: NodeJS.ProcessEnv) {
    this.#store = store;
    this.#env = env;
  }

  async serve(model: Servable, signal: AbortSignal): Promise<{ client: InferenceClient; name: string }> {
    const client = this.#client(model.config.endpoint!);
    const { checkpoint } = model;
    const waiting = checkpoint ? `; waiting for it to serve ${this.#store.path(checkpoint.uri)}` : '';
    const served = await this.#list(client, signal, waiting);
    const wanted = checkpoint ? [checkpoint.name, this.#store.path(checkpoint.uri)] : [model.config.model];
    // People complete a folder's name with a slash.
    const found = served.find(({ id, root }) =>
      [id, root].some((name) => name && wanted.includes(name.replace(/\/+$/, ''))),
    );
    if (found) return { client, name: found.id };

    const names = some(served.map(({ id }) => id));
    if (!checkpoint) throw new Failure('ModelNotFound', `${client.baseUrl} serves ${names}, not "${wanted[0]}"`);
    throw new Failure(
      'CheckpointNotServed',
      `${client.baseUrl} serves ${names}; waiting for it to serve ${wanted[1]} (as that path or as "${checkpoint.name}")`,
      { retryAfter: LOOK_AGAIN_MS },
    );
  }

  /** What an endpoint serves now. @throws Failure where it does not answer */
  async listModels(endpoint: EndpointConfig, signal: AbortSignal): Promise<string[]> {
    return (await this.#list(this.#client(endpoint), signal)).map(({ id }) => id);
  }

  async close(): Promise<void> {}

  async #list(client: InferenceClient, signal: AbortSignal, waiting = ''): Promise<{ id: string; root?: string }[]> {
    return await client.models(signal).catch((error) => {
      signal.throwIfAborted();
      const failed = classify(error);
      const type = failed.kind === 'run' ? failed.type : 'EngineUnavailable';
      throw new Failure(type, `${client.baseUrl} does not list its models: ${failed.message}${waiting}`, {
        cause: error,
      });
    });
  }

  #client(endpoint: EndpointConfig): InferenceClient {
    const { baseUrl, apiKeyEnv, maxInFlight } = endpoint;
    const key = JSON.stringify(endpoint);
    const known = this.#clients.get(key);
    if (known) return known;
    // Secrets out of files end with a newline.
    const apiKey = apiKeyEnv === undefined ? undefined : this.#env[apiKeyEnv]?.trim();
    if (apiKeyEnv !== undefined && !apiKey)
      throw new Failure(
        'Unauthorized',
        `this worker's environment has no variable ${apiKeyEnv} with the key of ${baseUrl}`,
      );
    if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey))
      throw new Failure('Unauthorized', `the key in ${apiKeyEnv} has characters that no key has`);
    const client = new InferenceClient({ baseUrl, apiKey, limiter: new Limiter({ most: maxInFlight }) });
    this.#clients.set(key, client);
    return client;
  }
}

/** An endpoint of a provider serves hundreds. */
function some(names: string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return names.slice(0, 10).join(', ') + more;
}
