import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveModel } from '../models.ts';
import type { TrainingBackend, TrainingJob, TrainingResult, TrainingStatus } from './contract.ts';
import {
  endedEarly,
  isThere,
  keepJob,
  lackOf,
  lossCurve,
  parseLine,
  readJson,
  readLines,
  readLog,
} from './job-folder.ts';
import type { Place } from './place.ts';

/** A line of train.py's progress.jsonl, or of its log, in which every submission leaves a line of ours. */
type TrainerEvent =
  | { event: 'submitted' }
  | { event: 'queued'; holder: string }
  | { event: 'start'; total_steps: number }
  | { event: 'step'; step: number; total: number; loss: number }
  | { event: 'done' }
  /** Another process trains in the same folder. */
  | { event: 'held'; message: string }
  | { event: 'error'; message: string };

/**
 * deploy/trainer/train.py (TRL). Files in the job's folder: job.json, pid, log, progress.jsonl, resume/, checkpoint/, and
 * result.json last.
 */
export class TrlBackend implements TrainingBackend {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get isElsewhere(): boolean {
    return this.#place.isElsewhere;
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
    if (!isNew && isThere(state)) return;
    await this.#place.start({ folder: job.output, processes: job.training.processes });
  }

  async poll(job: TrainingJob): Promise<TrainingStatus> {
    const place = await this.#place.look(job.output);
    const result = await readJson<TrainerResult>(join(job.output, 'result.json'));
    if (result) return await this.#check(job, result);
    if (place.state === 'unknown') return place;
    if (place.state === 'queued') return { state: 'queued', waitingFor: place.reason };
    if (place.state === 'running') {
      const events = await readEvents(job);
      const last = events.findLast(({ event }) => event === 'queued' || event === 'start' || event === 'step');
      if (last?.event === 'queued') return { state: 'queued', waitingFor: `the GPU: ${last.holder} uses it` };
      return last?.event === 'step'
        ? { state: 'running', step: last.step, total: last.total, loss: last.loss }
        : { state: 'running', step: 0, total: last?.event === 'start' ? last.total_steps : 0, loss: null };
    }
    const { refusal, lastWords } = await readEnd(job);
    if (refusal !== null) return { state: 'failed', message: refusal };
    return endedEarly('the trainer', job.output, lastWords, place);
  }

  async cancel(job: TrainingJob): Promise<void> {
    await this.#place.end(job.output);
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
async function readEnd(job: TrainingJob): Promise<{ refusal: string | null; lastWords: string | undefined }> {
  const lines = (await readLog(job.output)).filter((line) => line.trim() !== '');
  const said = lines.map((line) => parseEvent(line) ?? line.trim());
  const refusal = said.findLast((one) => typeof one === 'object' && one.event === 'error');
  const words = said.flatMap((one) => (typeof one === 'string' ? one : one.event === 'held' ? one.message : []));
  return {
    refusal: typeof refusal === 'object' && 'message' in refusal ? refusal.message : null,
    lastWords: words.at(-1),
  };
}

/** A log has other lines, too. */
function parseEvent(line: string): TrainerEvent | null {
  const event = parseLine<TrainerEvent>(line);
  return event && 'event' in event ? event : null;
}
