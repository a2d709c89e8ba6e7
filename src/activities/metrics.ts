import { metricMeter } from '@temporalio/activity';
import type { Tokens } from './shard.ts';

/** Adds to the worker's own counters, beside Temporal's on the metrics address. */
export function createMeter(): (rows: number, tokens: Tokens) => void {
  const finished = metricMeter.createCounter('critique_loop_rows', 'rows', 'Rows finished');
  const counter = metricMeter.createCounter('critique_loop_tokens', 'tokens', 'Tokens read and generated');
  return (rows, tokens) => {
    finished.add(rows);
    counter.add(tokens.prompt, { kind: 'prompt' });
    counter.add(tokens.completion, { kind: 'completion' });
  };
}
