import { log } from '@temporalio/workflow';

/** More would only bury the first ones; all are in the log. */
const MOST = 50;

/** What people should know of a run that goes on all the same. Each is logged once, and shown in the progress, the result and the report. */
export class Warnings {
  readonly #texts: Set<string>;

  /** @param texts that were logged before */
  constructor(texts: readonly string[] = []) {
    this.#texts = new Set(texts);
  }

  add(...texts: readonly string[]): void {
    for (const text of texts) {
      if (this.#texts.has(text)) continue;
      log.warn(text);
      if (this.#texts.size < MOST) this.#texts.add(text);
    }
  }

  get texts(): string[] {
    return [...this.#texts];
  }
}

/** The same for the UI, in Markdown; empty where there are none. */
export const describeWarnings = (texts: readonly string[]): string =>
  texts.map((text) => `\n\n**Warning:** ${text}`).join('');
