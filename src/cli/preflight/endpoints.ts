import { Failure } from '../../backends/failures.ts';
import { EndpointEngine } from '../../backends/inference/endpoint.ts';
import type { Store } from '../../backends/storage/store.ts';
import { urlsOf } from '../../config/models.ts';
import type { Check } from './check.ts';
import type { Models } from './run-file.ts';

const PATIENCE_MS = 10_000;

/** Asks every endpoint that a run file names what it serves. */
export async function checkEndpoints(models: Models, store: Store): Promise<Check[]> {
  const engine = new EndpointEngine(store, process.env);
  const asked = Object.entries(models).flatMap(([what, model]) =>
    model?.endpoint ? urlsOf(model.endpoint).map((baseUrl) => ({ what, model, baseUrl })) : [],
  );
  const checks = asked.map(async ({ what, model, baseUrl }): Promise<Check[]> => {
    const names = await engine
      .listModels({ ...model.endpoint!, baseUrl }, AbortSignal.timeout(PATIENCE_MS))
      .catch((error: Error) => error);
    if (names instanceof Error) {
      const unneeded = 'base' in model && names instanceof Failure && names.retryable;
      const detail = unneeded
        ? `${baseUrl} does not answer yet; it is needed once iteration 0 is trained`
        : names.message;
      return [{ what, ok: unneeded, detail }];
    }
    // What a run trains is not there yet; the others have to be.
    const missing = 'model' in model && !names.includes(model.model) ? `, not "${model.model}"` : '';
    return [{ what, ok: missing === '', detail: `${baseUrl} serves ${names.join(', ')}${missing}` }];
  });
  return (await Promise.all(checks)).flat();
}
