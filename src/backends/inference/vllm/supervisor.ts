import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failures.ts';
import { type Metrics, secondsSince } from '../../metrics.ts';
import { trainerFile } from '../../package.ts';

/** A line of supervise.py. */
type SupervisorEvent =
  | { event: 'started'; process: string; pid: number }
  | { event: 'failed'; process: string; message: string }
  | { event: 'ended'; process: string; how: string }
  | { event: 'awaited'; holder: string }
  | { event: 'acquired' | 'wanted' | 'released' };

export interface ServerSpec {
  argv: readonly string[];
  env: Record<string, string>;
  /** File that its output is appended to. */
  log: string;
}

/** A server that the supervisor runs. */
export interface Supervised {
  /** How it ended, once nothing of it is left, whoever ended it. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** Ends it, and waits for that. */
  end(): Promise<void>;
}

/** How long after the supervisor was killed its guards may take to end their servers. */
const LATEST_MS = 30_000;

/**
 * deploy/trainer/supervise.py: the servers that this process starts, none of which outlives it, and its lease of the GPUs. Started again
 * after a kill.
 */
export class Supervisor {
  /** Who has the GPUs while this process waits for them. */
  holder: string | null = null;
  readonly #python: string;
  readonly #folder: string;
  readonly #locks: readonly string[];
  readonly #wanted: () => void;
  readonly #metrics: Metrics;
  #isHeld = false;
  #leasing: { resolve(): void; reject(error: Failure): void } | null = null;
  #child: ChildProcess | null = null;
  readonly #running = new Map<string, Running>();
  #started = 0;
  #closed = false;

  /**
   * @param options.folder where the supervisor finds what a killed one left; the same for all that use the same GPUs
   * @param options.locks of the GPUs @param options.wanted is called when another waits for the GPUs that this process holds
   */
  constructor(options: {
    python: string;
    folder: string;
    locks: readonly string[];
    wanted: () => void;
    metrics: Metrics;
  }) {
    this.#python = options.python;
    this.#folder = options.folder;
    this.#locks = options.locks;
    this.#wanted = options.wanted;
    this.#metrics = options.metrics;
  }

  /** Waits for the GPUs, unless this process holds them already. */
  async acquire(): Promise<void> {
    if (this.#isHeld) return;
    const began = performance.now();
    await this.#lease('acquire');
    this.#metrics.record('critique_loop_gpu_wait_seconds', secondsSince(began), { user: 'vllm' });
  }

  async release(): Promise<void> {
    if (this.#isHeld) await this.#lease('release');
  }

  start({ argv, env, log }: ServerSpec): Supervised {
    const child = this.#ensure();
    const id = String(++this.#started);
    const running = new Running();
    this.#running.set(id, running);
    tell(child, { start: id, argv, env, log });
    return {
      ended: running.ended,
      hasEnded: () => running.how !== null,
      end: async () => {
        if (running.how === null) tell(child, { end: id });
        await running.ended;
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (!child) return;
    child.stdin!.end();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #lease(wish: 'acquire' | 'release'): Promise<void> {
    const child = this.#ensure();
    await new Promise<void>((resolve, reject) => {
      this.#leasing = { resolve, reject };
      tell(child, { lease: wish });
    }).finally(() => {
      this.#leasing = null;
      this.holder = null;
    });
  }

  #ensure(): ChildProcess {
    if (this.#closed) throw new Failure('EngineUnavailable', 'the worker is shutting down');
    if (this.#child) return this.#child;
    // A group of its own: a signal to the worker's group is not for it.
    const child = spawn(this.#python, [trainerFile('supervise.py'), this.#folder, ...this.#locks], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    this.#child = child;
    // Whatever is written after its end is lost, and so are the servers.
    child.stdin.on('error', () => {});
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => this.#see(JSON.parse(line)));
    const end = (why: string) => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#isHeld = false;
      this.#leasing?.reject(new Failure('EngineUnavailable', `no lease of the GPU: ${why}`));
      void this.#lose([...this.#running.keys()], why);
    };
    child.once('error', (error) => end(`the supervisor can't be started: ${error.message}`));
    child.once('close', () => end('the supervisor was killed'));
    return child;
  }

  #see(event: SupervisorEvent): void {
    if ('process' in event) this.#seeServer(event);
    else if (event.event === 'awaited') this.holder = event.holder;
    else if (event.event === 'wanted') this.#wanted();
    else {
      this.#isHeld = event.event === 'acquired';
      this.#leasing?.resolve();
    }
  }

  #seeServer(event: Extract<SupervisorEvent, { process: string }>): void {
    const running = this.#running.get(event.process);
    if (!running) return;
    if (event.event === 'started') running.pid = event.pid;
    if (event.event === 'failed') running.refusal = event.message;
    if (event.event !== 'ended') return;
    this.#running.delete(event.process);
    running.end(running.refusal ?? event.how);
  }

  /** The guards end what a killed supervisor ran. */
  async #lose(ids: string[], why: string): Promise<void> {
    for (const id of ids) {
      const running = this.#running.get(id)!;
      this.#running.delete(id);
      for (let waited = 0; running.pid !== null && exists(-running.pid) && waited < LATEST_MS; waited += 50)
        await sleep(50);
      running.end(why);
    }
  }
}

class Running {
  pid: number | null = null;
  refusal: string | null = null;
  how: string | null = null;
  readonly ended: Promise<string>;
  #resolve!: (how: string) => void;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(how: string): void {
    this.how = how;
    this.#resolve(how);
  }
}

const tell = (child: ChildProcess, command: object) => child.stdin!.write(`${JSON.stringify(command)}\n`);

/** @param pid negative for a group */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
