import { type ChildProcess, spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { Failure } from '../failures.ts';
import type { Gpus } from '../gpus.ts';
import { hasEnded } from '../has-ended.ts';
import { trainerFile } from '../package.ts';
import { SUBMITTED, writeWhole } from './job-folder.ts';
import { configIn, processEnvironment } from './llamafactory-files.ts';
import type { Place, PlaceStatus, Work } from './place.ts';
import { endAll, groupOf, processesWith, readTrainer } from './process.ts';

/**
 * LLaMA-Factory's command line on this machine, in processes of their own that outlive a killed worker, are adopted by the next, and
 * are known by the path of their train.yaml.
 */
export class LlamaFactoryHere implements Place {
  readonly isElsewhere = false;
  readonly onGpu: boolean;
  readonly #command: readonly string[];
  readonly #gpus: Gpus;

  constructor(options: { command: readonly string[]; gpus: Gpus }) {
    this.#command = options.command;
    this.#gpus = options.gpus;
    this.onGpu = options.gpus.names.length > 0;
  }

  async start({ folder, processes }: Work): Promise<void> {
    const [names, locks] = [this.#gpus.names.slice(0, processes), this.#gpus.locks.slice(0, processes)];
    if (names.length > 0 && names.length < processes)
      throw new Failure(
        'TrainingFailed',
        `training.processes is ${processes}, but this worker has ${names.length} GPUs`,
      );
    const config = configIn(folder);
    const train = [...this.#command, 'train', config];
    const [program, ...args] =
      locks.length > 0 ? ['python3', trainerFile('lease.py'), 'run', ...locks, '--', ...train] : train;
    const log = await open(join(folder, 'log'), 'a');
    try {
      await log.write(SUBMITTED);
      await rm(join(folder, 'pid'), { force: true });
      const child = spawn(program!, args, {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...process.env, ...this.#environment(processes, names) },
      });
      await started(child, this.#command[0]!);
      child.unref();
      let all: number[];
      do all = await processesWith(config);
      while (!hasEnded(child) && !all.includes(child.pid!));
      // Of two that were submitted at once none goes on: both are submitted again.
      const groups = await Promise.all(all.filter((pid) => pid !== child.pid).map(groupOf));
      if (groups.some((group) => group !== null && group !== child.pid)) child.kill('SIGKILL');
      await writeWhole(join(folder, 'pid'), `${child.pid}\n${config}\n`);
    } finally {
      await log.close();
    }
  }

  async look(folder: string): Promise<PlaceStatus> {
    const find = () => processesWith(configIn(folder));
    const pids = await find();
    const first = await readTrainer(folder);
    if (!first || pids.includes(first.pid)) return { state: pids.length > 0 ? 'running' : 'absent' };
    // Without the first the others may wait for ever.
    await endAll(find);
    return { state: 'absent' };
  }

  async end(folder: string): Promise<void> {
    await endAll(() => processesWith(configIn(folder)));
  }

  /** It takes all GPUs that it sees, and starts `torchrun`, which is beside it, for several processes. */
  #environment(processes: number, names: string[]): NodeJS.ProcessEnv {
    const program = this.#command[0]!;
    return {
      ...processEnvironment(processes),
      ...(isAbsolute(program) && { PATH: [dirname(program), process.env.PATH].join(delimiter) }),
      ...(names.length > 0 && { CUDA_VISIBLE_DEVICES: names.join(',') }),
    };
  }
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
