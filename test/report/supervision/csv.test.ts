import { expect, it } from 'vitest';
import { supervisionCsv } from '../../../src/report/supervision/csv.ts';
import { stoppedReport, supervisionReport } from './sample.ts';

/** As RFC 4180 has it, for fields that need no quotes. */
function parse(csv: string): Record<string, string>[] {
  expect(csv).not.toMatch(/"|[^\r]\n|\r[^\n]/);
  expect(csv.endsWith('\r\n')).toBe(true);
  const [head, ...lines] = csv
    .slice(0, -2)
    .split('\r\n')
    .map((line) => line.split(','));
  return lines.map((cells) => {
    expect(cells).toHaveLength(head!.length);
    return Object.fromEntries(head!.map((name, i) => [name, cells[i]!]));
  });
}

const number = (cell: string | undefined) => (cell === '' ? null : Number(cell));

it('has every measure with every digit', () => {
  const { measures } = supervisionReport().summary;
  const rows = parse(supervisionCsv(supervisionReport())).filter(({ kind }) => kind === 'measure');
  expect(rows).toHaveLength(measures.length);
  for (const [i, { method, reviewer, gate, k, score, use }] of measures.entries()) {
    const row = rows[i]!;
    expect([row.method, row.reviewer, row.gate]).toEqual([method, reviewer ?? '', gate ?? '']);
    expect([row.k, row.value, row.low, row.high, row.n].map(number)).toEqual([
      k,
      score.value,
      score.low,
      score.high,
      score.n,
    ]);
    expect([row.generations, row.prompt_tokens, row.completion_tokens, row.seconds, row.cost].map(number)).toEqual([
      use.generations,
      use.promptTokens,
      use.completionTokens,
      use.seconds,
      use.cost,
    ]);
  }
});

it('has every comparison, empty where there were too few samples', () => {
  const { comparisons } = supervisionReport().summary;
  const rows = parse(supervisionCsv(supervisionReport())).filter(({ kind }) => kind === 'comparison');
  expect(rows).toHaveLength(comparisons.length);
  for (const [i, { after, before, basis, difference }] of comparisons.entries()) {
    const row = rows[i]!;
    expect([row.method, row.basis, row.before_method]).toEqual([after.method, basis, before.method]);
    expect([row.k, row.before_k].map(number)).toEqual([after.k, before.k]);
    expect([row.value, row.low, row.high, row.p, row.n].map(number)).toEqual(
      difference
        ? [difference.difference, difference.low, difference.high, difference.p, difference.n]
        : [null, null, null, null, null],
    );
  }
});

it('has no number where nothing was measured, only that it is of 0 questions', () => {
  for (const { value, low, high, p, n } of parse(supervisionCsv(stoppedReport())))
    expect([value, low, high, p, n === '' || n === '0']).toEqual(['', '', '', '', true]);
});
