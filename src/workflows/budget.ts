import type { ShardResult, ShardTask } from '../activities/shard.ts';
import { dollarsOf, priceOf } from '../method/price.ts';

/** What a run may spend on models that have a price, and what it has spent, in US dollars. */
export class Budget {
  readonly limit: number | null;
  spent: number;
  /** A request could not be afforded any more. */
  exhausted = false;

  constructor(state: { limit: number | null; spent: number }) {
    this.limit = state.limit;
    this.spent = state.spent;
  }

  /** Whether a task has to know what is left: then no other may spend beside it. */
  bounds({ model }: ShardTask): boolean {
    return this.limit !== null && priceOf(model.config) !== null;
  }

  get left(): number {
    return Math.max(0, this.limit! - this.spent);
  }

  add({ model }: ShardTask, { tokens, exhausted }: ShardResult): void {
    const price = priceOf(model.config);
    if (price) this.spent += dollarsOf(tokens, price);
    if (exhausted) this.exhausted = true;
  }
}
