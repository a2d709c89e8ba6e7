import { join } from 'node:path';
import { findGpus } from '../gpus.ts';
import type { Store } from '../storage/store.ts';
import { EmbeddedEngine } from './embedded.ts';
import { EndpointEngine } from './endpoint.ts';
import type { Engine, Servable } from './engine.ts';
import type { VllmConfig } from './vllm/command.ts';
import { VllmEngine } from './vllm/engine.ts';
import type { Log } from './vllm/server.ts';

/** The engine of this worker where it is vLLM. */
export interface VllmOptions {
  config: VllmConfig;
  /** Folder on this machine. */
  cache: string;
  /** Is told what vLLM does: starts, changes of weights, crashes. */
  log: Log;
}

/** Sends each model to the engine that serves it: its endpoint where it names one, else the worker's own. */
export function createEngines(options: {
  store: Store;
  env: NodeJS.ProcessEnv;
  python: () => Promise<string>;
  threads?: number | undefined;
  vllm?: VllmOptions | undefined;
}): Engine {
  const { store, env, vllm } = options;
  const endpoint = new EndpointEngine(store, env);
  const own = vllm ? createVllm(store, env, vllm) : new EmbeddedEngine(options);
  return {
    serve: (model: Servable, signal: AbortSignal) => (model.config.endpoint ? endpoint : own).serve(model, signal),
    close: async () => {
      await Promise.all([endpoint.close(), own.close()]);
    },
  };
}

const createVllm = (store: Store, env: NodeJS.ProcessEnv, { config, cache, log }: VllmOptions): Engine =>
  new VllmEngine({
    store,
    config,
    log,
    // supervise.py needs no package, and so no environment of its own.
    python: env.CRITIQUE_LOOP_PYTHON || 'python3',
    folder: join(cache, 'vllm'),
    gpus: findGpus(env),
  });
