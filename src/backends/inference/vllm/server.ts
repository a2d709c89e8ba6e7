import { Failure } from '../../failures.ts';
import { type Metrics, secondsSince } from '../../metrics.ts';
import { Limiter } from '../limiter.ts';
import { maxSequences, sleeps, type VllmConfig } from './command.ts';
import { type Answer, agree, areEqual } from './probe.ts';
import { VllmProcess } from './process.ts';
import type { Reason } from './reasons.ts';
import type { Supervisor } from './supervisor.ts';
import type { Weights } from './weights.ts';

/** What tells people what happens, and how many seconds it took. */
export type Log = (message: string, took?: { seconds: number }) => void;

/** Starts in succession that may fail, or end before anybody is answered. */
const STARTS = 3;
/** In flight to what it decodes at a time: enough that it never starves, and half of what the limiter takes for a queue. */
const IN_FLIGHT = 1.05;

/** vLLM for the weights of one architecture: a process that is started, given other weights, put to sleep, woken and started again. */
export class VllmServer {
  readonly limiter: Limiter;
  /** What is being done to make it answer, for heartbeats; null where nothing is. */
  doing: (() => string) | null = null;
  readonly #supervisor: Supervisor;
  readonly #config: VllmConfig;
  readonly #newLog: () => Promise<string>;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #makeRoom: () => Promise<void>;
  #process: VllmProcess | null = null;
  #isAsleep = false;
  /** What it has: its process was started with them, or they were loaded since. */
  #weights: Weights | null = null;
  /** By weights: what they answered when they were first loaded. */
  readonly #answers = new Map<string, Answer>();
  #fruitless = 0;

  /** @param options.makeRoom frees what it can of the GPU's memory, where a start has failed */
  constructor(options: {
    supervisor: Supervisor;
    config: VllmConfig;
    newLog: () => Promise<string>;
    log: Log;
    makeRoom: () => Promise<void>;
    metrics: Metrics;
  }) {
    this.#supervisor = options.supervisor;
    this.#config = options.config;
    this.#newLog = options.newLog;
    this.#log = options.log;
    this.#makeRoom = options.makeRoom;
    this.#metrics = options.metrics;
    const most = Math.floor(IN_FLIGHT * maxSequences(options.config.args));
    this.limiter = new Limiter({ start: most, most });
  }

  /** The process that answers with these weights, if it does. */
  answering(weights: Weights): VllmProcess | null {
    const isReady = this.#weights?.id === weights.id && !this.#isAsleep && !this.#process?.hasEnded;
    return isReady ? this.#process : null;
  }

  /** Makes it answer with these weights, by the quickest way. @throws Failure with vLLM's own reason where it can't */
  async load(weights: Weights): Promise<VllmProcess> {
    const process = this.#process;
    try {
      if (process && !process.hasEnded) {
        const changed = await this.#change(process, weights);
        if (changed) return process;
      } else if (process && !this.#isAsleep) await this.#mourn(process);
      return await this.#start(weights);
    } finally {
      this.doing = null;
    }
  }

  /** Leaves the GPU to others. */
  async rest(): Promise<void> {
    const process = this.#process;
    if (!process || process.hasEnded || this.#isAsleep) return;
    if (!sleeps(this.#config.args)) return await this.end();
    const began = performance.now();
    try {
      await process.sleep();
      this.#isAsleep = true;
      this.#tell('sleep', `vLLM sleeps with ${this.#weights?.name}`, began);
    } catch (error) {
      this.#log(`vLLM does not sleep and is ended: ${(error as Error).message}`);
      await this.end();
    }
  }

  /** Ends the process if it sleeps: it keeps a little of the GPU's memory. */
  async endIfAsleep(): Promise<void> {
    if (this.#isAsleep) await this.end();
  }

  async end(): Promise<void> {
    const process = this.#process;
    this.#forget();
    await process?.end();
  }

  #tell(change: 'start' | 'load' | 'sleep' | 'wake', message: string, began: number): void {
    const seconds = secondsSince(began);
    this.#metrics.record('critique_loop_vllm_change_seconds', seconds, { change });
    this.#log(message, { seconds });
  }

  #forget(): void {
    this.#process = null;
    this.#weights = null;
    this.#isAsleep = false;
  }

  /** @returns whether the running process answers with these weights now; where not it is ended */
  async #change(process: VllmProcess, weights: Weights): Promise<boolean> {
    let began = performance.now();
    const before = this.#weights!;
    this.doing = () => `vLLM to load ${weights.name}`;
    try {
      if (this.#isAsleep) {
        await process.wake();
        this.#isAsleep = false;
        await this.#prove(process, before, null);
        this.#tell('wake', `vLLM has woken with ${before.name}`, began);
      }
      if (before.id === weights.id) return true;
      began = performance.now();
      if (weights.adapter) await process.addAdapter(weights);
      else await process.reload(weights);
      await this.#prove(process, weights, before);
      this.#weights = weights;
      this.#tell('load', `vLLM has loaded ${weights.name} in place of ${before.name}`, began);
      return true;
    } catch (error) {
      this.#log(`vLLM is started again to load ${weights.name}: ${(error as Error).message}`);
      await this.end();
      return false;
    }
  }

  /** Other weights answer otherwise, and the same ones as they did. */
  async #prove(process: VllmProcess, weights: Weights, before: Weights | null): Promise<void> {
    const answer = await process.probe(weights);
    const known = this.#answers.get(weights.id);
    if (known && !agree(known, answer))
      throw new Failure(
        'EngineFailing',
        `${weights.name} does not answer the probe as it did when it was loaded first`,
      );
    const other = before && this.#answers.get(before.id);
    if (other && areEqual(other, answer) && !(known && areEqual(known, other)))
      throw new Failure('EngineFailing', `${weights.name} answers the probe just as ${before.name} did`);
    if (!known) this.#answers.set(weights.id, answer);
  }

  async #start(weights: Weights): Promise<VllmProcess> {
    const began = performance.now();
    let words = '';
    const again = this.#process ? 'restart' : 'start';
    this.#forget();
    for (let attempt = 1; ; attempt++) {
      this.doing = () => {
        const seconds = Math.round((performance.now() - began) / 1000);
        return `vLLM to ${again} (${seconds} s)${words && `: ${words}`}`;
      };
      const log = await this.#newLog();
      const started = await this.#tryToStart(weights, log, (said) => {
        words = said;
      });
      if (started instanceof VllmProcess) {
        this.#tell('start', `vLLM has started with ${weights.name}`, began);
        return started;
      }
      const why = `vLLM does not start with ${weights.name}: ${started.message} (its log: ${log})`;
      if (started.type !== 'EngineUnavailable' || attempt === STARTS) throw new Failure(started.type, why);
      this.#log(why);
      await this.#makeRoom();
    }
  }

  async #tryToStart(weights: Weights, log: string, said: (words: string) => void): Promise<VllmProcess | Reason> {
    const { limiter } = this;
    const started = await VllmProcess.start({
      supervisor: this.#supervisor,
      config: this.#config,
      weights,
      limiter,
      log,
      said,
      metrics: this.#metrics,
    });
    if (!(started instanceof VllmProcess)) return started;
    try {
      await started.addAdapter(weights);
      await this.#prove(started, weights, null);
    } catch (error) {
      if (started.hasEnded) return await started.reason();
      await started.end();
      return { type: error instanceof Failure ? 'EngineFailing' : 'ModelNotFound', message: (error as Error).message };
    }
    this.#process = started;
    this.#weights = weights;
    return started;
  }

  /** @throws Failure where it ended so again and again before anybody was answered */
  async #mourn(process: VllmProcess): Promise<void> {
    this.#fruitless = process.hasAnswered ? 0 : this.#fruitless + 1;
    const why = `vLLM ended by itself: ${(await process.reason()).message}`;
    this.#log(why);
    if (this.#fruitless < STARTS) return;
    this.#fruitless = 0;
    this.#forget();
    throw new Failure('EngineUnavailable', `${why}; ${STARTS} times before it answered anybody`);
  }
}
