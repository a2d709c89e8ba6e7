/** The work of one comparison is more than it may cost. */
export class OutOfBudget extends Error {}

/** Counts the work of one comparison, in units of roughly a microsecond; no clock, so that the same answers end the same everywhere. */
export class Budget {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  /** Throws OutOfBudget when nothing is left. */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new OutOfBudget();
  }
}
