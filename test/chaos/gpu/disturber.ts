import { setTimeout as sleep } from 'node:timers/promises';
import { readFineTune } from '../../support/fine-tune-record.ts';
import { type ProcessInfo, processTree } from '../../support/process-tree.ts';
import type { SpawnedWorker } from '../../support/workers.ts';
import type { Supervised } from '../supervised.ts';
import { fineTunesIn, generating, linesIn } from './progress.ts';
import { find, isMoment, type Look, type Victim } from './victims.ts';

export interface Kill {
  victim: Victim;
  /** The stage, or the folder of the fine-tune. */
  during: string;
  /** Requests of the stage that were answered by then, or steps. */
  done: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** From the kill to the first row after vLLM's next start, or until a trainer is past its start; null where nothing waited for it. */
  seconds: number | null;
}

const LOOK_MS = 20;
/** Processes are looked up beforehand: a stage may be over in a second. */
const FIND_MS = 250;

/** Kills each victim once, at its moment, and only when the kill before has been made good. */
export class Disturber {
  readonly #worker: Supervised<SpawnedWorker>;
  readonly #runFolder: string;
  readonly #iterations: number;
  readonly #left: Victim[];
  readonly #say: (line: string) => void;
  readonly #kills: Kill[] = [];
  readonly #doomed: ProcessInfo[] = [];
  readonly #running: Promise<void>;
  /** Null while it is being started again. */
  #spawned: SpawnedWorker | null = null;
  #tree: ProcessInfo[] = [];
  #foundAt = 0;
  #told = 0;
  /** What was killed last, until it is made good. */
  #open: { kill: Kill; isOver: (look: Look) => number | null } | null = null;
  #state = '';
  #stopped = false;

  /** @param options.victims in an order in which there is a moment for each */
  constructor(options: {
    worker: Supervised<SpawnedWorker>;
    runFolder: string;
    iterations: number;
    victims: readonly Victim[];
    say: (line: string) => void;
  }) {
    this.#worker = options.worker;
    this.#runFolder = options.runFolder;
    this.#iterations = options.iterations;
    this.#left = [...options.victims];
    this.#say = options.say;
    this.#running = this.#run();
    this.#running.catch(() => {});
  }

  /** Another one whenever the run comes further. */
  get state(): string {
    return this.#state;
  }

  /** @returns the kills, and all processes that should be gone by them */
  async stop(): Promise<{ kills: Kill[]; doomed: ProcessInfo[] }> {
    this.#stopped = true;
    await this.#running;
    return { kills: this.#kills, doomed: this.#doomed };
  }

  async #run(): Promise<void> {
    await this.#meetWorker();
    while (!this.#stopped) {
      const look = await this.#look();
      if (this.#open) this.#seeWhetherOver(look);
      else {
        const victim = this.#next(look);
        if (victim) await this.#strike(victim, look);
      }
      this.#tell();
      await sleep(LOOK_MS);
    }
  }

  async #meetWorker(): Promise<void> {
    this.#spawned = await this.#worker.up();
    this.#told = 0;
  }

  async #look(): Promise<Look> {
    if (Date.now() > this.#foundAt + FIND_MS) {
      this.#tree = this.#spawned ? await processTree(this.#spawned.pid) : [];
      this.#foundAt = Date.now();
    }
    const stage = generating(this.#runFolder, this.#iterations);
    const training = fineTunesIn(this.#runFolder).find(({ tune }) => tune.weights === null) ?? null;
    const { step = 0, starts = 0 } = training?.tune ?? {};
    this.#state = `${stage?.name} ${stage?.writtenAt} ${step}/${starts} ${this.#kills.length}`;
    return { tree: this.#tree, stage, training };
  }

  /** The trainer at any time, the others one after the other. */
  #next(look: Look): Victim | undefined {
    const first = this.#left.find((victim) => victim !== 'trainer');
    const due = this.#left.filter((victim) => victim === 'trainer' || victim === first);
    return due.find((victim) => isMoment(victim, look, this.#iterations));
  }

  async #strike(victim: Victim, look: Look): Promise<void> {
    const target = await find(victim, look);
    if (!target) return;
    const training = victim === 'trainer' ? look.training! : null;
    const at = victim === 'worker' ? await this.#killWorker() : kill(target.pid);
    if (at === null) return;
    this.#left.splice(this.#left.indexOf(victim), 1);
    this.#doomed.push(...target.doomed);
    const name = training ? training.folder.slice(this.#runFolder.length + 1) : look.stage!.name;
    const done = training ? training.tune.step : linesIn(this.#runFolder, name);
    const made: Kill = { victim, during: name, done, at, seconds: null };
    this.#kills.push(made);
    const isOver = training
      ? () => (readFineTune(training.folder).starts > training.tune.starts ? Date.now() : null)
      : ({ stage }: Look) => this.#firstRow(at, stage?.writtenAt ?? 0);
    this.#open = { kill: made, isOver };
    this.#say(`killed ${victim} (${target.pid}) in ${name}, ${done} ${training ? 'steps' : 'answers'} done`);
  }

  /** It is started again at once. */
  async #killWorker(): Promise<number> {
    this.#tell();
    this.#spawned = null;
    const { at, up } = await this.#worker.kill(0);
    void up.then(() => this.#meetWorker()).catch(() => {});
    return at;
  }

  #seeWhetherOver(look: Look): void {
    const { kill, isOver } = this.#open!;
    const over = isOver(look);
    if (over === null) return;
    kill.seconds = Math.round((over - kill.at) / 100) / 10;
    this.#open = null;
    this.#say(`${kill.victim}: the work goes on after ${kill.seconds} s`);
  }

  /** Not one that had its answer when vLLM was killed. */
  #firstRow(killedAt: number, writtenAt: number): number | null {
    const starts = (this.#spawned?.log ?? []).filter(({ msg }) => /^vLLM has started/.test(String(msg)));
    const startedAt = starts.map(({ time }) => Date.parse(String(time))).find((at) => at > killedAt);
    return startedAt !== undefined && writtenAt > startedAt ? writtenAt : null;
  }

  /** What the worker says of vLLM. */
  #tell(): void {
    const log = this.#spawned?.log ?? [];
    for (const { msg, seconds } of log.slice(this.#told)) {
      const took = typeof seconds === 'number' ? ` (${seconds.toFixed(1)} s)` : '';
      if (/vLLM|GPU/.test(String(msg))) this.#say(`  ${msg}${took}`);
    }
    this.#told = log.length;
  }
}

/** When; null where it has just ended by itself. */
function kill(pid: number): number | null {
  try {
    process.kill(pid, 'SIGKILL');
    return Date.now();
  } catch {
    return null;
  }
}
