import type { Store } from '../storage/store.ts';
import { EmbeddedEngine } from './embedded.ts';
import { EndpointEngine } from './endpoint.ts';
import type { Engine, Servable } from './engine.ts';

/** Sends each model to the engine that serves it: its endpoint where it names one, else the worker's own. */
export function createEngines(options: {
  store: Store;
  env: NodeJS.ProcessEnv;
  python: () => Promise<string>;
  threads?: number | undefined;
}): Engine {
  const endpoint = new EndpointEngine(options.store, options.env);
  const embedded = new EmbeddedEngine(options);
  return {
    serve: (model: Servable, signal: AbortSignal) => (model.config.endpoint ? endpoint : embedded).serve(model, signal),
    close: async () => {
      await Promise.all([endpoint.close(), embedded.close()]);
    },
  };
}
