import type { Comparison, Measure } from '../../method/supervision/summary.ts';
import type { SupervisionReport } from './data.ts';

type Cell = string | number | null;

const COLUMNS = [
  'kind',
  'method',
  'reviewer',
  'gate',
  'k',
  'basis',
  'before_method',
  'before_k',
  'value',
  'low',
  'high',
  'p',
  'n',
  'generations',
  'prompt_tokens',
  'completion_tokens',
  'seconds',
  'cost',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], Cell>>;

/**
 * In long form (RFC 4180), one line a measure and one a comparison with response only, told apart by `kind`; numbers in full, nothing
 * where there is none. `value`, `low` and `high` are shares, of comparisons differences of shares; what follows `n` is per question.
 */
export function supervisionCsv({ summary }: SupervisionReport): string {
  const rows = [...summary.measures.map(measured), ...summary.comparisons.map(compared)];
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column] ?? ''))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function measured({ method, reviewer, gate, k, score, use }: Measure): Row {
  return {
    kind: 'measure',
    method,
    reviewer,
    gate,
    k,
    ...(score.value === null ? { n: score.n } : score),
    generations: use.generations,
    prompt_tokens: use.promptTokens,
    completion_tokens: use.completionTokens,
    seconds: use.seconds,
    cost: use.cost,
  };
}

function compared({ after, before, basis, difference }: Comparison): Row {
  const found = difference?.difference === null ? { n: difference.n } : difference;
  return {
    kind: 'comparison',
    ...after,
    basis,
    before_method: before.method,
    before_k: before.k,
    ...(found && 'difference' in found
      ? { value: found.difference, low: found.low, high: found.high, p: found.p, n: found.n }
      : found),
  };
}
