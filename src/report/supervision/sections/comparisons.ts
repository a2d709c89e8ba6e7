import type { Basis, Comparison, Method, Strategy } from '../../../method/supervision/summary.ts';
import { capital, interval, pValue, signed } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import { type Line, lineName } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { largest } from '../headline.ts';
import { BASES, methodName } from '../names.ts';
import { isClear, isCompared } from '../numbers.ts';
import { conditionsOf, isSameCondition } from '../strategies.ts';

const ORDER: Basis[] = ['samples', 'actor generations', 'generations', 'tokens'];

/** Single answers are compared where their accuracy is: there is nothing to make equal. */
const SINGLE: Method[] = ['greedy', 'sampled'];

/** A strategy, at any k, and what it was compared with. */
interface Row {
  line: Line;
  comparisons: Comparison[];
}

/** Is a reviewer worth what it costs? Each strategy against as many samples, generations and tokens of responses only (method.md D2.6). */
export function comparisons({ summary, plan }: SupervisionReport): Markup | null {
  const scaled = summary.comparisons.filter(({ after }) => !SINGLE.includes(after.method));
  if (!scaled.some(({ difference }) => isCompared(difference))) return null;
  const rows = rowsOf(scaled);
  return html`
<section id="comparisons"><h2>At equal budgets</h2>
<p>Differences to response only in percentage points, paired by question, and what they are to. A reviewed vote of k takes k responses and up to k critiques and k refinements: so it is compared with votes of k, of up to 2k and up to 3k responses, and of as many as take the same tokens.
Bold where the interval leaves out 0. p values are not corrected for how many there are.</p>
<div class="many named">${tabulate<Row>(
    'Against votes of responses only, at the largest k for which enough samples were drawn',
    [
      { head: 'Strategy', cell: ({ line }) => capital(lineName(line)) },
      ...columns(rows, plan.samples, (comparisons) => largest(comparisons) ?? comparisons[0]),
    ],
    rows,
  )}</div>
<details><summary>Every k</summary>
<div class="many">${rows.map((row) => everyK(row, plan.samples))}</div>
</details>
</section>`;
}

function rowsOf(comparisons: Comparison[]): Row[] {
  const methods = [...new Set(comparisons.map(({ after }) => after.method))];
  return methods.flatMap((method) => {
    const ofMethod = comparisons.filter(({ after }) => after.method === method);
    return conditionsOf(ofMethod.map(({ after }) => after)).map((condition) => ({
      line: { method, ...condition },
      comparisons: ofMethod.filter(({ after }) => isSameCondition(after, condition)),
    }));
  });
}

/** One column for each basis, with the comparison that is `chosen` of a row. */
const columns = (
  rows: Row[],
  samples: number,
  chosen: (comparisons: Comparison[]) => Comparison | undefined,
): Column<Row>[] =>
  ORDER.filter((basis) => rows.some((row) => row.comparisons.some((it) => it.basis === basis))).map((basis) => ({
    head: `Equal ${BASES[basis]}`,
    cell: (row) => {
      const found = chosen(row.comparisons.filter((it) => it.basis === basis));
      return found ? cell(found, samples) : NOTHING;
    },
  }));

function everyK({ line, comparisons }: Row, samples: number): Markup {
  const ks = [...new Set(comparisons.map(({ after }) => after.k))].sort((a, b) => a - b);
  const rows = ks.map((k) => ({ line, comparisons: comparisons.filter(({ after }) => after.k === k) }));
  return tabulate<Row>(
    `${capital(lineName(line))}, against votes of responses only`,
    [{ head: 'k', cell: ({ comparisons }) => comparisons[0]!.after.k }, ...columns(rows, samples, ([it]) => it)],
    rows,
  );
}

const isMissing = ({ before, difference }: Comparison, samples: number) => difference === null && before.k > samples;

function cell(comparison: Comparison, samples: number): string | Markup {
  const { after, before, difference: found } = comparison;
  if (isMissing(comparison, samples)) return html`not enough samples<small>${pair(after, before)}</small>`;
  if (!isCompared(found)) return NOTHING;
  const { low, high, p } = found;
  const by = signed(found.difference);
  return html`${isClear(found) ? html`<strong>${by}</strong>` : by} (${interval(low, high, signed)})<small>${pair(after, before)}, ${pValue(p)}</small>`;
}

/** `8 to 24`. */
const pair = (after: Strategy, before: Strategy) =>
  `${after.k} to ${before.method === 'maj' ? before.k : methodName(before)}`;
