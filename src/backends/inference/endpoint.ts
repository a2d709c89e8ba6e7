import { sep } from 'node:path';
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
    const { names: wanted, path } = this.#wanted(model);
    const waiting = path ? `; waiting for it to serve ${path}` : '';
    const served = await this.#list(client, signal, waiting);
    // People complete a folder's name with a slash.
    const found = served.find(({ id, root }) =>
      [id, root].some((name) => name && wanted.includes(name.replace(/\/+$/, ''))),
    );
    if (found) return { client, name: found.id };

    const names = some(served.map(({ id }) => id));
    if (!path) throw new Failure('ModelNotFound', `${client.baseUrl} serves ${names}, not "${wanted[0]}"`);
    const named = model.checkpoint ? ` (as that path or as "${model.checkpoint.name}")` : '';
    throw new Failure('CheckpointNotServed', `${client.baseUrl} serves ${names}${waiting}${named}`, {
      retryAfter: LOOK_AGAIN_MS,
    });
  }

  /** What a model may be served as, and its path where it is a checkpoint in the store: an operator has yet to be told of that. */
  #wanted({ config, checkpoint }: Servable): { names: string[]; path: string | null } {
    if (!checkpoint) {
      const inStore = config.model.startsWith(`${this.#store.root}${sep}`);
      return { names: [config.model], path: inStore ? config.model : null };
    }
    const path = this.#store.path(checkpoint.uri);
    return { names: [checkpoint.name, path], path };
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
    const client = new InferenceClient({
      baseUrl,
      apiKey,
      limiter: new Limiter({ most: maxInFlight }),
      watchLoad: true,
    });
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
