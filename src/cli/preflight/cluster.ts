import type { Store } from '../../backends/storage/store.ts';
import { openCluster } from '../../backends/training/clusters/index.ts';
import type { WorkerEnvironment } from '../../config/environment.ts';
import type { Check } from './check.ts';

/** Whether the cluster of fine-tunes answers and would take one, as far as it says without one; nothing where they run on this machine. */
export async function checkCluster({ cluster: environment }: WorkerEnvironment, store: Store): Promise<Check[]> {
  if (!environment) return [];
  const cluster = openCluster(environment.at);
  const job = { key: 'critique-loop-preflight', argv: ['true'], env: {}, folder: store.path('runs'), processes: 1 };
  try {
    const detail = await cluster.check({ ...job, onGpu: environment.onGpu });
    const notes = [
      `not looked at: whether its machines see ${store.path('runs')}, and have ${environment.python} with the trainer's packages`,
    ];
    return [{ what: cluster.name, ok: true, detail, notes }];
  } catch (error) {
    return [{ what: cluster.name, ok: false, detail: `does not take fine-tunes: ${(error as Error).message}` }];
  }
}
