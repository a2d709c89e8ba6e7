import { setTimeout as sleep } from 'node:timers/promises';
import { parseLoad } from '../../../src/backends/inference/load.ts';
import { processTree } from '../../support/process-tree.ts';
import type { Span } from '../../support/spans.ts';

const EVERY_MS = 100;
/** Processes come and go. */
const FIND_EVERY_MS = 1_000;

/** Looks ten times a second whether any vLLM of a worker has a request running. */
export class EngineWatch {
  readonly #worker: number;
  readonly #looks: { at: number; running: number }[] = [];
  readonly #watching: Promise<void>;
  #stopped = false;

  constructor(worker: number) {
    this.#worker = worker;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  /** The time before each look at which something ran. */
  get busy(): Span[] {
    return this.#looks.slice(1).flatMap(({ at, running }, i): Span[] => {
      return running > 0 ? [[this.#looks[i]!.at, at]] : [];
    });
  }

  /** The median distance of two looks, in milliseconds. */
  get everyMs(): number {
    const distances = this.#looks.slice(1).map(({ at }, i) => at - this.#looks[i]!.at);
    return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
  }

  async #watch(): Promise<void> {
    let ports: string[] = [];
    let findAt = 0;
    while (!this.#stopped) {
      const began = Date.now();
      if (began >= findAt) {
        ports = await this.#ports();
        findAt = began + FIND_EVERY_MS;
      }
      const running = (await Promise.all(ports.map(runningAt))).reduce((total, n) => total + n, 0);
      this.#looks.push({ at: Date.now(), running });
      await sleep(Math.max(0, began + EVERY_MS - Date.now()));
    }
  }

  async #ports(): Promise<string[]> {
    const commands = (await processTree(this.#worker)).map(({ command }) => command);
    return commands.flatMap((command) => /\bserve\b.* --port (\d+)/.exec(command)?.[1] ?? []);
  }
}

async function runningAt(port: string): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return parseLoad(await response.text())?.running ?? 0;
  } catch {
    return 0;
  }
}
