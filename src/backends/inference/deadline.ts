const BEFORE_ANY_ANSWER_MS = 3_600_000;
const SHORTEST_MS = 5 * 60_000;
const LONGEST_MS = 24 * 3_600_000;
const TIMES_THE_MEAN = 20;

/**
 * How long a request may take before it counts as lost: 20 times what an answer of its `maxTokens` would take at the mean of all
 * answers so far, waiting in the engine included; at least 5 minutes, at most a day, and an hour before any answer.
 */
export class Deadline {
  #milliseconds = 0;
  #tokens = 0;

  /** @param tokens of the answer, or the mean of its texts: they are written side by side */
  answered(milliseconds: number, tokens: number): void {
    this.#milliseconds += milliseconds;
    this.#tokens += Math.max(1, tokens);
  }

  /** In milliseconds. */
  of(maxTokens: number): number {
    if (this.#tokens === 0) return BEFORE_ANY_ANSWER_MS;
    const expected = (this.#milliseconds / this.#tokens) * maxTokens;
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, TIMES_THE_MEAN * expected));
  }
}
