import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failures.ts';
import { hasEnded } from '../has-ended.ts';
import { resolveModel } from '../models.ts';
import { trainerFile } from '../package.ts';
import type { TrainingBackend, TrainingJob, TrainingResult, TrainingStatus } from './contract.ts';
import { keepJob, lackOf, lossCurve, parseLine, readJson, readLines, readLog, SUBMITTED } from './job-folder.ts';
import { endAll, readTrainer, runningTrainer } from './process.ts';
import { SpareTrainer } from './spare.ts';

/** train.py's exit code where another process trains in the same folder. */
const HELD_BY_ANOTHER = 3;
/** A killed trainer is a zombie before the last of its threads lets go of the folder's lock. */
const LOCK_TRIES = 10;
const LOCK_RETRY_MS = 300;

/** A line of train.py's progress.jsonl, or of its log, in which every submission leaves a line of ours. */
type TrainerEvent =
  | { event: 'submitted' }
  | { event: 'queued'; holder: string }
  | { event: 'start'; total_steps: number }
  | { event: 'step'; step: number; total: number; loss: number }
  | { event: 'done' }
  | { event: 'error'; message: string };

/**
 * deploy/trainer/train.py (TRL) on this machine, in a process of its own that outlives a killed worker and is adopted by the next.
 * Files in the job's folder: job.json, pid, log, progress.jsonl, resume/, checkpoint/, and result.json last.
 */
export class TrlBackend implements TrainingBackend {
  readonly #python: () => Promise<string>;
  readonly #gpuLocks: readonly string[];
  readonly #spare: SpareTrainer | null;

  /** `gpuLocks`: a file for each GPU that may be used, held while it is. With any, a trainer is kept ready: a GPU should not wait for imports. */
  constructor({ python, gpuLocks = [] }: { python: () => Promise<string>; gpuLocks?: readonly string[] }) {
    this.#python = python;
    this.#gpuLocks = gpuLocks;
    this.#spare = gpuLocks.length > 0 ? new SpareTrainer(python) : null;
  }

  async submit(job: TrainingJob): Promise<void> {
    await mkdir(job.output, { recursive: true });
    const { backend: _, template: __, deepspeed: ___, ...hyperparameters } = job.training;
    const isNew = await keepJob(job.output, {
      base: resolveModel(job.base),
      data: job.data,
      output: job.output,
      seed: job.seed,
      ...hyperparameters,
      loggingSteps: 1,
    });
    const { state } = await this.poll(job);
    if (!isNew && (state === 'succeeded' || state === 'running' || state === 'queued')) return;

    for (let tries = 1; ; tries++) {
      const code = await this.#start(job);
      if (code !== HELD_BY_ANOTHER || tries === LOCK_TRIES || (await runningTrainer(job.output))) return;
      await sleep(LOCK_RETRY_MS);
    }
  }

  async poll(job: TrainingJob): Promise<TrainingStatus> {
    const trainer = await runningTrainer(job.output);
    const result = await readJson<TrainerResult>(join(job.output, 'result.json'));
    if (result) return await this.#check(job, result);
    const events = await readEvents(job);
    if (trainer) {
      const last = events.findLast(({ event }) => event === 'queued' || event === 'start' || event === 'step');
      if (last?.event === 'queued') return { state: 'queued', waitingFor: `the GPU: ${last.holder} uses it` };
      return last?.event === 'step'
        ? { state: 'running', step: last.step, total: last.total, loss: last.loss }
        : { state: 'running', step: 0, total: last?.event === 'start' ? last.total_steps : 0, loss: null };
    }
    const { refusal, lastWords } = await readEnd(job);
    if (refusal !== null) return { state: 'failed', message: refusal };
    const said = lastWords ? ` (${lastWords})` : '';
    return { state: 'interrupted', message: `the trainer ended early${said}; its log is ${join(job.output, 'log')}` };
  }

  async cancel(job: TrainingJob): Promise<void> {
    await endAll(async () => [await runningTrainer(job.output)].flatMap((trainer) => trainer?.pid ?? []));
  }

  /** Gives the exit code where the trainer has ended already, and otherwise null. */
  async #start(job: TrainingJob): Promise<number | null> {
    const log = await open(join(job.output, 'log'), 'a');
    try {
      await log.write(SUBMITTED);
      const file = join(job.output, 'job.json');
      const locks = this.#gpuLocks.slice(0, job.training.processes);
      const child = this.#spare?.give(file, locks) ?? (await this.#spawn(file, locks, log.fd));
      // It writes its pid once it holds the folder's lock; where another one holds it, that one is adopted.
      while (!hasEnded(child) && (await readTrainer(job.output))?.pid !== child.pid) await sleep(50);
      // What it said about the other one is no failure of the job.
      if (child.exitCode === HELD_BY_ANOTHER) await log.write(SUBMITTED);
      return child.exitCode;
    } finally {
      await log.close();
    }
  }

  async #spawn(file: string, locks: string[], log: number): Promise<ChildProcess> {
    const args = [trainerFile('train.py'), file, ...locks.flatMap((lock) => ['--gpu-lock', lock])];
    const child = spawn(await this.#python(), args, { detached: true, stdio: ['ignore', log, log] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new Failure('TrainerUnavailable', `the trainer can't be started: ${error.message}`, { cause: error })),
      );
    });
    child.unref();
    return child;
  }

  async #check(job: TrainingJob, result: TrainerResult): Promise<TrainingStatus> {
    const checkpoint = join(job.output, 'checkpoint');
    const lack = lackOf(checkpoint, job.training.lora !== null);
    if (lack) return { state: 'failed', message: `${lack}: remove ${job.output} to train again` };
    if (result.steps < 1 || result.steps !== result.total)
      return { state: 'failed', message: `trained ${result.steps} of ${result.total} steps` };
    const events = await readEvents(job);
    return {
      state: 'succeeded',
      result: {
        checkpoint,
        weightsSha256: result.weightsSha256,
        rows: result.rows,
        dropped: result.dropped,
        steps: result.steps,
        seconds: result.seconds,
        losses: lossCurve(events.flatMap((e) => (e.event === 'step' ? [{ step: e.step, loss: e.loss }] : []))),
      },
    };
  }
}

type TrainerResult = Omit<TrainingResult, 'checkpoint' | 'losses'> & { total: number };

const readEvents = async (job: TrainingJob): Promise<TrainerEvent[]> =>
  (await readLines(join(job.output, 'progress.jsonl'))).flatMap((line) => parseEvent(line) ?? []);

/** Why train.py refused the job, and otherwise how it ended. */
async function readEnd(job: TrainingJob): Promise<{ refusal: string | null; lastWords: string }> {
  const lines = await readLog(job.output);
  const refusal = lines.map(parseEvent).findLast((event) => event?.event === 'error');
  const words = lines.filter((line) => line.trim() !== '' && !parseEvent(line));
  return { refusal: refusal?.message ?? null, lastWords: words.at(-1)?.trim().slice(0, 300) ?? '' };
}

/** A log has other lines, too. */
function parseEvent(line: string): TrainerEvent | null {
  const event = parseLine<TrainerEvent>(line);
  return event && 'event' in event ? event : null;
}
