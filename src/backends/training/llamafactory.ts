import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashModel, resolveModel } from '../models.ts';
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
  writeWhole,
} from './job-folder.ts';
import { configIn, trainArguments, writeData } from './llamafactory-files.ts';
import type { Place } from './place.ts';

/** Errors that the same job meets again. */
const PERMANENT = /^(Value|Type|Key|Index|Attribute|Assertion|NotImplemented|Import|ModuleNotFound|FileNotFound)Error/;
/** The last line of a Python traceback, of any of several processes. */
const ERROR = /^(?:\[rank\d+\]: ?)?((?:\w+\.)*(\w+(?:Error|Exception)): .*)$/;
/** How those that started the failed one say so. */
const AFTERMATH = /^(ChildFailedError|CalledProcessError)$/;

/** A line of trainer_log.jsonl. */
interface LogLine {
  current_steps: number;
  total_steps: number;
  loss?: number;
}

interface TrainerState {
  global_step: number;
  max_steps: number;
}

/**
 * LLaMA-Factory's command line. Files in the job's folder: job.json, data/, train.yaml, log, trained/ (LLaMA-Factory's own, with its
 * resume points), which becomes checkpoint/, and result.json last.
 */
export class LlamaFactoryBackend implements TrainingBackend {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get isElsewhere(): boolean {
    return this.#place.isElsewhere;
  }

  async submit(job: TrainingJob): Promise<void> {
    await mkdir(job.output, { recursive: true });
    const { base, data, output, seed, training } = job;
    const isNew = await keepJob(output, { base: resolveModel(base), data, output, seed, ...training });
    const { state } = await this.poll(job);
    if (!isNew && isThere(state)) return;

    const rows = await writeData(job);
    const trained = join(output, 'trained');
    const given = trainArguments(job, { ...rows, trained, onGpu: this.#place.onGpu });
    // JSON is YAML, too.
    await writeWhole(configIn(output), JSON.stringify(given, null, 2));
    await removeTorn(trained);
    await this.#place.start({ folder: output, processes: training.processes });
  }

  async poll(job: TrainingJob): Promise<TrainingStatus> {
    const place = await this.#place.look(job.output);
    const result = await readJson<Omit<TrainingResult, 'checkpoint'>>(join(job.output, 'result.json'));
    if (result) return this.#check(job, result);
    const log = await readLog(job.output);
    if (place.state === 'unknown') return place;
    if (place.state === 'queued') return { state: 'queued', waitingFor: place.reason };
    if (place.state === 'running') {
      const waiting = log.findLast((line) => line.trim() !== '')?.match(/^waiting for (the GPU: .*)$/);
      if (waiting) return { state: 'queued', waitingFor: waiting[1]! };
      const last = (await readProgress(job)).at(-1);
      return {
        state: 'running',
        step: last?.current_steps ?? 0,
        total: last?.total_steps ?? 0,
        loss: last?.loss ?? null,
      };
    }
    if (await isFinished(job)) return this.#check(job, await finish(job));

    const errors = log.flatMap((line) => {
      const match = line.match(ERROR);
      return match && !AFTERMATH.test(match[2]!) ? [match[1]!] : [];
    });
    const error = errors.at(-1);
    if (error && PERMANENT.test(error)) return { state: 'failed', message: `LLaMA-Factory: ${error}` };
    const said = error ?? log.findLast((line) => line.trim() !== '')?.trim();
    return endedEarly('LLaMA-Factory', job.output, said, place);
  }

  /** LLaMA-Factory writes nothing when it is asked to end: what came after its last resume point is trained again. */
  async cancel(job: TrainingJob): Promise<void> {
    await this.#place.end(job.output);
  }

  #check(job: TrainingJob, result: Omit<TrainingResult, 'checkpoint'>): TrainingStatus {
    const checkpoint = join(job.output, 'checkpoint');
    const lack = lackOf(checkpoint, job.training.lora !== null);
    if (lack) return { state: 'failed', message: `${lack}: remove ${job.output} to train again` };
    return { state: 'succeeded', result: { ...result, checkpoint } };
  }
}

/** trainer_log.jsonl, which moves with its folder. */
async function readProgress(job: TrainingJob): Promise<LogLine[]> {
  const folders = ['checkpoint', 'trained'].map((name) => join(job.output, name));
  const lines = await readLines(join(folders.find(existsSync) ?? folders[1]!, 'trainer_log.jsonl'));
  return lines.flatMap((line) => parseLine<LogLine>(line) ?? []);
}

/** A resume point that was cut short by a kill: its state is written last. */
async function removeTorn(trained: string): Promise<void> {
  for (const name of await readdir(trained).catch(() => []))
    if (name.startsWith('checkpoint-') && !(await readState(join(trained, name))))
      await rm(join(trained, name), { recursive: true });
}

const readState = (folder: string): Promise<TrainerState | null> =>
  readJson<TrainerState>(join(folder, 'trainer_state.json')).catch(() => null);

/** It writes its state once the model is written. */
async function isFinished(job: TrainingJob): Promise<boolean> {
  if (existsSync(join(job.output, 'checkpoint'))) return true;
  const state = await readState(join(job.output, 'trained'));
  return state !== null && state.global_step > 0 && state.global_step === state.max_steps;
}

/** Keeps the model, without what training needs, and says so last. */
async function finish(job: TrainingJob): Promise<Omit<TrainingResult, 'checkpoint'>> {
  const [trained, checkpoint] = [join(job.output, 'trained'), join(job.output, 'checkpoint')];
  if (!existsSync(checkpoint)) {
    for (const name of await readdir(trained))
      if (name.startsWith('checkpoint-')) await rm(join(trained, name), { recursive: true });
    await rename(trained, checkpoint);
  }
  const state = await readState(checkpoint);
  const metrics = await readJson<{ train_runtime: number }>(join(checkpoint, 'train_results.json'));
  const points = (await readProgress(job)).flatMap(({ current_steps: step, loss }) =>
    loss === undefined ? [] : [{ step, loss }],
  );
  const result = {
    weightsSha256: (await hashModel(checkpoint, AbortSignal.timeout(3_600_000))) ?? '',
    rows: (await readLines(join(job.output, 'data', 'rows.jsonl'))).length - 1,
    dropped: 0,
    steps: state?.global_step ?? 0,
    seconds: metrics?.train_runtime ?? 0,
    losses: lossCurve(points),
  };
  await writeWhole(join(job.output, 'result.json'), JSON.stringify(result));
  return result;
}
