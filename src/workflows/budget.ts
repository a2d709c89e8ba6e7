import type { ShardResult, ShardTask } from '../activities/shard.ts';
import { dollarsOf, priceOf } from '../method/price.ts';

/** What a run may spend on models that have a price, and what it has spent, in US dollars. */
export class Budget {
  readonly limit: number | null;
  /** A request could not be afforded any more. */
  exhausted = false;
  readonly #before: number;
  /** By shard: one that is run again, after a pause, tells again what it has spent in all. */
  readonly #byShard = new Map<string, number>();

  /** @param state.spent before the shards that are yet to be run */
  constructor(state: { limit: number | null; spent: number }) {
    this.limit = state.limit;
    this.#before = state.spent;
  }

  get spent(): number {
    return [...this.#byShard.values()].reduce((sum, dollars) => sum + dollars, this.#before);
  }

  /** Whether a task has to know what is left: then no other may spend beside it. */
  bounds({ model }: ShardTask): boolean {
    return this.limit !== null && priceOf(model.config) !== null;
  }

  /** What all but this shard leave of the limit. */
  leftFor(task: ShardTask): number {
    return Math.max(0, this.limit! - this.spent + (this.#byShard.get(keyOf(task)) ?? 0));
  }

  add(task: ShardTask, { tokens, exhausted }: ShardResult): void {
    const price = priceOf(task.model.config);
    if (price) this.#byShard.set(keyOf(task), dollarsOf(tokens, price));
    if (exhausted) this.exhausted = true;
  }
}

const keyOf = ({ stage, shard }: ShardTask) => `${stage}/${shard}`;

/** Why a run ends that can't afford another request; undefined where it can. */
export function limitReached({
  limit,
  spent,
  exhausted,
}: Pick<Budget, 'limit' | 'spent' | 'exhausted'>): string | undefined {
  if (!exhausted) return undefined;
  return `the cost limit of $${limit} leaves no room for another request: $${spent.toFixed(4)} spent`;
}
