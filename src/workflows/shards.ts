import type { ShardResult, Tokens } from '../activities/shard.ts';
import type { Control } from './control.ts';

/**
 * The shard grows, not the number of shards: an iteration's history stays under 400 events whatever its size
 * (six stages of shards, at most six events an activity).
 */
const MOST_SHARDS = 8;
/** Smaller ones are not worth an activity. */
const SMALLEST_SHARD = 50;

/** Cuts n questions into contiguous ranges of nearly equal size. */
export function cutShards(n: number): { from: number; to: number }[] {
  const count = Math.max(1, Math.min(MOST_SHARDS, Math.floor(n / SMALLEST_SHARD)));
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
}

/**
 * Runs a stage's shards side by side; the task queue deals them to whoever is free.
 * When the stage is interrupted, what the shards had finished is the result.
 */
export async function runShards<Task>(
  control: Control,
  tasks: Task[],
  execute: (task: Task, shard: number) => Promise<ShardResult>,
  onShard: (done: ShardResult[]) => void,
): Promise<StageResult> {
  const shards: ShardResult[] = [];
  const settled = await Promise.allSettled(
    tasks.map(async (task, index) => {
      shards[index] = await execute(task, index);
      onShard(Object.values(shards));
    }),
  );
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed && !control.interrupted) throw failed.reason;
  return { shards: Object.values(shards), ...totals(Object.values(shards)) };
}

export function totals(shards: ShardResult[]): Omit<StageResult, 'shards'> {
  const sum = (value: (shard: ShardResult) => number) => shards.reduce((total, shard) => total + value(shard), 0);
  return {
    rows: sum(({ artifact }) => artifact.rows),
    correct: sum(({ correct }) => correct),
    tokens: { prompt: sum(({ tokens }) => tokens.prompt), completion: sum(({ tokens }) => tokens.completion) },
  };
}
