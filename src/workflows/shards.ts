import type { ShardResult, ShardTask, Tokens } from '../activities/shard.ts';
import { addOdd, type OddCounts } from '../method/odd.ts';
import type { Budget } from './budget.ts';
import type { Control } from './control.ts';

/**
 * The shard grows, not the number of shards, unless the input says so: an iteration's history stays under 400 events whatever its size
 * (six stages of shards, at most six events an activity).
 */
const MOST_SHARDS = 8;
/** Smaller ones are not worth an activity. */
const SMALLEST_SHARD = 50;

/** Cuts n questions into at most so many contiguous ranges of nearly equal size. */
export function cutShards(n: number, most: number = MOST_SHARDS): { from: number; to: number }[] {
  const count = Math.max(1, Math.min(most, Math.floor(n / SMALLEST_SHARD)));
  return Array.from({ length: count }, (_, i) => ({
    from: Math.floor((i * n) / count),
    to: Math.floor(((i + 1) * n) / count),
  }));
}

export interface StageResult {
  shards: ShardResult[];
  rows: number;
  correct: number;
  tokens: Tokens;
  odd: OddCounts;
}

/**
 * Runs a stage's shards side by side; the task queue deals them to whoever is free. Where they spend of a budget they go one after the
 * other, so that each knows what is left. When the stage is interrupted, what the shards had finished is the result.
 */
export async function runShards<Task extends ShardTask>(
  control: Control,
  tasks: Task[],
  execute: (task: Task, shard: number) => Promise<ShardResult>,
  onShard: (done: ShardResult[]) => void,
  budget?: Budget,
): Promise<StageResult> {
  const shards: ShardResult[] = [];
  const finish = async (task: Task, index: number) => {
    const bounded = budget?.bounds(task) ? { ...task, dollars: budget.leftFor(task) } : task;
    const result = await execute(bounded, index);
    shards[index] = result;
    budget?.add(task, result);
    onShard(Object.values(shards));
  };
  const settled =
    budget && tasks.some((task) => budget.bounds(task))
      ? await oneByOne(tasks, finish)
      : await Promise.allSettled(tasks.map(finish));
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed && !control.interrupted) throw failed.reason;
  return { shards: Object.values(shards), ...totals(Object.values(shards)) };
}

/** Ends with the first that fails. */
async function oneByOne<Task>(
  tasks: Task[],
  finish: (task: Task, index: number) => Promise<void>,
): Promise<PromiseSettledResult<void>[]> {
  try {
    for (const [index, task] of tasks.entries()) await finish(task, index);
    return [];
  } catch (reason) {
    return [{ status: 'rejected', reason }];
  }
}

export function totals(shards: ShardResult[]): Omit<StageResult, 'shards'> {
  const sum = (value: (shard: ShardResult) => number) => shards.reduce((total, shard) => total + value(shard), 0);
  const odd: OddCounts = {};
  for (const shard of shards) addOdd(odd, shard.odd ?? {});
  return {
    rows: sum(({ artifact }) => artifact.rows),
    correct: sum(({ correct }) => correct),
    tokens: { prompt: sum(({ tokens }) => tokens.prompt), completion: sum(({ tokens }) => tokens.completion) },
    odd,
  };
}
