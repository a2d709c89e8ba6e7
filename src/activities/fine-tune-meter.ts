import { secondsSince } from '../backends/metrics.ts';
import type { TrainingStatus } from '../backends/training/contract.ts';
import { activityMetrics } from './metrics.ts';

/** Tells how far a fine-tune is, and how long it waited for its GPUs. */
export class FineTuneMeter {
  readonly #metrics = activityMetrics();
  readonly #user: string;
  #waitingSince: number | null = null;

  /** @param user who leases the GPUs: the backend */
  constructor(user: string) {
    this.#user = user;
  }

  see(status: TrainingStatus): void {
    for (const state of ['queued', 'running'])
      this.#metrics.set('critique_loop_fine_tunes', status.state === state ? 1 : 0, { state });
    const waits = status.state === 'queued' && status.waitingFor !== undefined;
    if (waits) this.#waitingSince ??= performance.now();
    else if (this.#waitingSince !== null) {
      const seconds = secondsSince(this.#waitingSince);
      this.#metrics.record('critique_loop_gpu_wait_seconds', seconds, { user: this.#user });
      this.#waitingSince = null;
    }
    if (status.state !== 'running') return;
    this.#metrics.set('critique_loop_fine_tune_step', status.step, {});
    this.#metrics.set('critique_loop_fine_tune_steps', status.total, {});
    if (status.loss !== null) this.#metrics.set('critique_loop_fine_tune_loss', status.loss, {});
  }

  /** Of this attempt. */
  ended(): void {
    for (const state of ['queued', 'running']) this.#metrics.set('critique_loop_fine_tunes', 0, { state });
  }
}
