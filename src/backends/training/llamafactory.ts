import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { Failure } from '../failures.ts';
import type { Gpus } from '../gpus.ts';
import { hasEnded } from '../has-ended.ts';
import { hashModel, resolveModel } from '../models.ts';
import { trainerFile } from '../package.ts';
import type { TrainingBackend, TrainingJob, TrainingResult, TrainingStatus } from './contract.ts';
import {
  keepJob,
  lackOf,
  lossCurve,
  parseLine,
  readJson,
  readLines,
  readLog,
  SUBMITTED,
  writeWhole,
} from './job-folder.ts';
import { trainArguments, writeData } from './llamafactory-files.ts';
import { endAll, groupOf, processesWith, readTrainer } from './process.ts';

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
 * LLaMA-Factory's command line on this machine, in processes of their own that outlive a killed worker, are adopted by the next, and
 * are known by the path of their train.yaml. Files in the job's folder: job.json, data/, train.yaml, pid, log, trained/ (LLaMA-Factory's
 * own, with its resume points), which becomes checkpoint/, and result.json last.
 */
export class LlamaFactoryBackend implements TrainingBackend {
  readonly #command: readonly string[];
  readonly #gpus: Gpus;

  constructor(options: { command: readonly string[]; gpus: Gpus }) {
    this.#command = options.command;
    this.#gpus = options.gpus;
  }

  async submit(job: TrainingJob): Promise<void> {
    await mkdir(job.output, { recursive: true });
    const { base, data, output, seed, training } = job;
    await keepJob(output, { base: resolveModel(base), data, output, seed, ...training });
    const { state } = await this.poll(job);
    if (state === 'succeeded' || state === 'running' || state === 'queued') return;

    const rows = await writeData(job);
    const trained = join(output, 'trained');
    const given = trainArguments(job, { ...rows, trained, onGpu: this.#gpus.names.length > 0 });
    // JSON is YAML, too.
    await writeWhole(configOf(job), JSON.stringify(given, null, 2));
    await removeTorn(trained);
    await this.#start(job);
  }

  async poll(job: TrainingJob): Promise<TrainingStatus> {
    const result = await readJson<Omit<TrainingResult, 'checkpoint'>>(join(job.output, 'result.json'));
    if (result) return this.#check(job, result);
    const running = await isRunning(job);
    const log = await readLog(job.output);
    if (running) {
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
    return {
      state: 'interrupted',
      message: `LLaMA-Factory ended early${said ? ` (${said.slice(0, 300)})` : ''}; its log is ${join(job.output, 'log')}`,
    };
  }

  /** LLaMA-Factory writes nothing when it is asked to end: what came after its last resume point is trained again. */
  async cancel(job: TrainingJob): Promise<void> {
    await endAll(() => processesWith(configOf(job)));
  }

  async #start(job: TrainingJob): Promise<void> {
    const { processes } = job.training;
    const [names, locks] = [this.#gpus.names.slice(0, processes), this.#gpus.locks.slice(0, processes)];
    if (names.length > 0 && names.length < processes)
      throw new Failure(
        'TrainingFailed',
        `training.processes is ${processes}, but this worker has ${names.length} GPUs`,
      );
    const train = [...this.#command, 'train', configOf(job)];
    const [program, ...args] =
      locks.length > 0 ? ['python3', trainerFile('lease.py'), 'run', ...locks, '--', ...train] : train;
    const log = await open(join(job.output, 'log'), 'a');
    try {
      await log.write(SUBMITTED);
      await rm(join(job.output, 'pid'), { force: true });
      const child = spawn(program!, args, {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...process.env, ...this.#environment(processes, names) },
      });
      await started(child, this.#command[0]!);
      child.unref();
      let all: number[];
      do all = await processesWith(configOf(job));
      while (!hasEnded(child) && !all.includes(child.pid!));
      // Of two that were submitted at once none goes on: both are submitted again.
      const groups = await Promise.all(all.filter((pid) => pid !== child.pid).map(groupOf));
      if (groups.some((group) => group !== null && group !== child.pid)) child.kill('SIGKILL');
      await writeWhole(join(job.output, 'pid'), `${child.pid}\n${configOf(job)}\n`);
    } finally {
      await log.close();
    }
  }

  /** It takes all GPUs that it sees, and starts `torchrun`, which is beside it, for several processes. */
  #environment(processes: number, names: string[]): NodeJS.ProcessEnv {
    const program = this.#command[0]!;
    return {
      // As train.py does: threads that spin while they wait are slow beside any other process.
      OMP_WAIT_POLICY: 'PASSIVE',
      GOMP_SPINCOUNT: '1000',
      ...(isAbsolute(program) && { PATH: [dirname(program), process.env.PATH].join(delimiter) }),
      ...(names.length > 0 && { CUDA_VISIBLE_DEVICES: names.join(',') }),
      ...(processes > 1 && { FORCE_TORCHRUN: '1', NPROC_PER_NODE: String(processes) }),
    };
  }

  #check(job: TrainingJob, result: Omit<TrainingResult, 'checkpoint'>): TrainingStatus {
    const checkpoint = join(job.output, 'checkpoint');
    const lack = lackOf(checkpoint, job.training.lora !== null);
    if (lack) return { state: 'failed', message: `${lack}: remove ${job.output} to train again` };
    return { state: 'succeeded', result: { ...result, checkpoint } };
  }
}

const configOf = (job: TrainingJob) => join(job.output, 'train.yaml');

async function isRunning(job: TrainingJob): Promise<boolean> {
  const find = () => processesWith(configOf(job));
  const pids = await find();
  const first = await readTrainer(job.output);
  if (!first || pids.includes(first.pid)) return pids.length > 0;
  // Without the first the others may wait for ever.
  await endAll(find);
  return false;
}

async function started(child: ChildProcess, command: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      const message = `${command} can't be started (${error.message}): set CRITIQUE_LOOP_LLAMAFACTORY to LLaMA-Factory's command`;
      reject(new Failure('TrainerUnavailable', message, { cause: error }));
    });
  });
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
