import type { Difference, Mean } from '../../method/estimate.ts';
import { count, interval, percent, signed } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { type Compared, isCompared, isMeasured } from '../supervision/numbers.ts';
import { type Column, NOTHING } from '../tabulate.ts';
import type { Published } from './paper.ts';

const points = (share: number) => (100 * share).toFixed(1);

/** A share above its interval and what it is of: narrow, for tables of many columns. */
export function share(mean: Mean | null | undefined): Markup {
  if (!mean || !isMeasured(mean)) return html`${NOTHING}`;
  return html`${percent(mean.value)}<small>${interval(mean.low, mean.high, points)}</small><small>of ${count(mean.n)}</small>`;
}

/** A difference above its interval, in percentage points. */
export function gain(difference: Difference | null | undefined): Markup {
  if (!difference || !isCompared(difference)) return html`${NOTHING}`;
  const { difference: value, low, high }: Compared = difference;
  return html`${signed(value)}<small>${interval(low, high, signed)}</small>`;
}

/** What the paper has, beside a row. */
export const paperColumn = <Row>(of: (row: Row) => Published | null | undefined): Column<Row> => ({
  head: 'Paper',
  cell: (row) => {
    const numbers = of(row);
    return numbers ? html`<small>GSM8K ${numbers.gsm8k}</small><small>MATH ${numbers.math}</small>` : NOTHING;
  },
});
