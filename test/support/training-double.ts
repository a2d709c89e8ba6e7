import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  TrainingBackend,
  TrainingJob,
  TrainingResult,
  TrainingStatus,
} from '../../src/backends/training/contract.ts';

/**
 * Trains nothing, in no time: writes a folder that depends on the job alone. For tests of what is around a fine-tune;
 * the real one is the trainer's own.
 */
export class TrainingDouble implements TrainingBackend {
  isElsewhere = false;
  /** Every job that was started, also one that went on. */
  readonly submitted: TrainingJob[] = [];
  readonly cancelled: TrainingJob[] = [];
  /** While this is true, jobs stay at step 1 of 3. */
  held = false;
  readonly #running = new Set<string>();

  async submit(job: TrainingJob): Promise<void> {
    if (this.#running.has(job.output)) return;
    this.submitted.push(job);
    this.#running.add(job.output);
    await mkdir(job.output, { recursive: true });
  }

  async poll(job: TrainingJob): Promise<TrainingStatus> {
    if (!this.#running.has(job.output)) return { state: 'interrupted', message: 'not running' };
    if (this.held) return { state: 'running', step: 1, total: 3, loss: 2.5 };
    const result = await train(job);
    this.#running.delete(job.output);
    return { state: 'succeeded', result };
  }

  async cancel(job: TrainingJob): Promise<void> {
    this.#running.delete(job.output);
    this.cancelled.push(job);
  }
}

async function train(job: TrainingJob): Promise<TrainingResult> {
  const data = await readFile(job.data, 'utf8');
  const weightsSha256 = createHash('sha256')
    .update(`${await nameOf(job.base)}\n${job.seed}\n${data}`)
    .digest('hex');
  const checkpoint = join(job.output, 'checkpoint');
  if (!existsSync(checkpoint)) await mkdir(checkpoint);
  await writeFile(join(checkpoint, 'config.json'), JSON.stringify({ weightsSha256 }));
  const losses = [1, 2, 3].map((step) => ({ step, loss: 3 / step }));
  return {
    checkpoint,
    weightsSha256,
    rows: data.trimEnd().split('\n').length,
    dropped: 0,
    steps: 3,
    seconds: 0.1,
    losses,
  };
}

/** What it has trained is the same wherever it is. */
async function nameOf(base: string): Promise<string> {
  const config = await readFile(join(base, 'config.json'), 'utf8').catch(() => '{}');
  return JSON.parse(config).weightsSha256 ?? base;
}
