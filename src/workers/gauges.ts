import { statfs } from 'node:fs/promises';
import { GPU_USERS, type Gpus, holderOf } from '../backends/gpus.ts';
import type { LimitedEngine } from '../backends/inference/engine.ts';
import type { Metrics } from '../backends/metrics.ts';

const EVERY_MS = 1_000;

/**
 * Looks once a second at what is not worth a call at each of its changes: engines, GPUs and the disk.
 * @param options.store folder of the store; null where it is a bucket @returns what ends it
 */
export function watchGauges(options: {
  metrics: Metrics;
  engine: Pick<LimitedEngine, 'limiters'>;
  gpus: Gpus;
  store: string | null;
}): () => void {
  const timer = setInterval(() => void look(options), EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function look({ metrics, engine, gpus, store }: Parameters<typeof watchGauges>[0]): Promise<void> {
  const hosts = new Map<string, { inFlight: number; limit: number }>();
  for (const { host, limiter } of engine.limiters()) {
    const { inFlight, limit } = hosts.get(host) ?? { inFlight: 0, limit: 0 };
    hosts.set(host, { inFlight: inFlight + limiter.inFlight, limit: limit + limiter.limit });
  }
  for (const [host, { inFlight, limit }] of hosts) {
    metrics.set('critique_loop_in_flight', inFlight, { host });
    metrics.set('critique_loop_limit', limit, { host });
  }
  for (const [i, gpu] of gpus.names.entries()) {
    const holder = await holderOf(gpus.locks[i]!);
    for (const user of GPU_USERS) metrics.set('critique_loop_gpu_held', user === holder ? 1 : 0, { gpu, user });
  }
  // A worker that has written nothing yet has no folder.
  const disk = store === null ? null : await statfs(store).catch(() => null);
  if (disk) metrics.set('critique_loop_store_free_bytes', disk.bavail * disk.bsize, {});
}
