import type { Measure, Method } from '../../../method/supervision/summary.ts';
import { capital } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import { type Line, lineName } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { conditionName } from '../names.ts';
import { mean } from '../numbers.ts';
import { conditionsOf, measuresOf } from '../strategies.ts';

/** Every score at every number of samples and rounds. */
export function every({ summary }: SupervisionReport): Markup | null {
  const lines = (...methods: Method[]) =>
    methods.flatMap((method) =>
      conditionsOf(measuresOf(summary, method)).map((condition): Line => ({ method, ...condition })),
    );
  const table = (caption: string, head: string, lines: Line[], name: (line: Line) => string) => {
    const measures = lines.map((line) => measuresOf(summary, line.method, line));
    const ks = [...new Set(measures.flat().map(({ k }) => k))].sort((a, b) => a - b);
    const column = (line: Line, i: number): Column<number> => ({
      head: capital(name(line)),
      cell: (k) => scoreAt(measures[i]!, k),
    });
    return ks.length === 0 ? null : tabulate<number>(caption, [{ head, cell: (k) => k }, ...lines.map(column)], ks);
  };
  const tables = [
    table('Vote of k samples (maj@k), and best of k', 'Samples k', lines('maj', 'best'), shortName),
    table('At least one of k right (pass@k)', 'Samples k', lines('pass'), conditionName),
    table('Rounds in sequence', 'Rounds k', lines('sequential-vote', 'sequential-last', 'sequential-pass'), lineName),
  ].filter((table) => table !== null);
  if (tables.length === 0) return null;
  return html`
<section id="every"><h2>maj@k and pass@k</h2>
<p>Expectations over all choices of k of the samples. Answers that mean the same are one in the vote, and a tie is broken by chance. pass@k says what a perfect choice among k would reach.</p>
${tables}
</section>`;
}

/** Who reviews is enough where the caption says the rest. */
const shortName = (line: Line) => (line.method === 'best' ? lineName(line) : conditionName(line));

function scoreAt(measures: Measure[], k: number): string {
  const found = measures.find((measure) => measure.k === k);
  return found ? mean(found.score) : NOTHING;
}
