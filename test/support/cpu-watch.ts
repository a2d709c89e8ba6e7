import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessInfo, processTree } from './process-tree.ts';
import type { Span } from './spans.ts';

const EVERY_MS = 250;

/** How many cores the processes below some others take, by names that they are given. */
export class CpuWatch {
  readonly #roots: readonly number[];
  readonly #nameOf: (info: ProcessInfo) => string | null;
  readonly #looks: { at: number; seconds: Map<string, number> }[] = [];
  readonly #watching: Promise<void>;
  #stopped = false;

  /** @param nameOf null: not counted; those of one name are added up */
  constructor(roots: readonly number[], nameOf: (info: ProcessInfo) => string | null) {
    this.#roots = roots;
    this.#nameOf = nameOf;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  /** Cores, on average over a span. */
  cores([from, to]: Span): Record<string, number> {
    const within = this.#looks.filter(({ at }) => at >= from && at <= to);
    const [first, last] = [within[0], within.at(-1)];
    if (!first || !last || first === last) return {};
    const seconds = (last.at - first.at) / 1000;
    return Object.fromEntries(
      [...last.seconds].map(([name, cpu]) => [name, (cpu - (first.seconds.get(name) ?? 0)) / seconds]),
    );
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const at = Date.now();
      const trees = await Promise.all(this.#roots.map(processTree));
      const seconds = new Map<string, number>();
      for (const info of trees.flat()) {
        const name = this.#nameOf(info);
        if (name !== null) seconds.set(name, (seconds.get(name) ?? 0) + info.cpu);
      }
      this.#looks.push({ at, seconds });
      await sleep(EVERY_MS);
    }
  }
}
