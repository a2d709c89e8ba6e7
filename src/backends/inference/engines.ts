import { join } from 'node:path';
import { findGpus } from '../gpus.ts';
import type { Metrics } from '../metrics.ts';
import type { Store } from '../storage/store.ts';
import { EmbeddedEngine } from './embedded.ts';
import { EndpointEngine } from './endpoint.ts';
import type { LimitedEngine, Servable } from './engine.ts';
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
  metrics?: Metrics | undefined;
}): LimitedEngine {
  const { store, env, vllm, metrics } = options;
  const endpoint = new EndpointEngine(store, env, metrics);
  const own = vllm ? createVllm(options, vllm) : new EmbeddedEngine(options);
  return {
    serve: (model: Servable, signal: AbortSignal) => (model.config.endpoint ? endpoint : own).serve(model, signal),
    limiters: () => [...endpoint.limiters(), ...own.limiters()],
    close: async () => {
      await Promise.all([endpoint.close(), own.close()]);
    },
  };
}

const createVllm = (
  { store, env, metrics }: { store: Store; env: NodeJS.ProcessEnv; metrics?: Metrics | undefined },
  { config, cache, log }: VllmOptions,
): VllmEngine =>
  new VllmEngine({
    store,
    config,
    log,
    metrics,
    // supervise.py needs no package, and so no environment of its own.
    python: env.CRITIQUE_LOOP_PYTHON || 'python3',
    folder: join(cache, 'vllm'),
    gpus: findGpus(env),
  });
