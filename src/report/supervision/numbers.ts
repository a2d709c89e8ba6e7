import type { Difference, Mean } from '../../method/estimate.ts';
import type { Use } from '../../method/supervision/summary.ts';
import { count, paired, proportion, pValue } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { NOTHING } from '../tabulate.ts';

/** A mean of something: of 0 questions there is none. */
export type Measured = Mean & { value: number };

export const isMeasured = (mean: Mean): mean is Measured => mean.value !== null;

/** `59.3 % (56.2 to 62.3)`. */
export const mean = (mean: Mean) => (isMeasured(mean) ? proportion(mean) : NOTHING);

/** The same with how much it is of. */
export const meanOf = (share: Mean): Markup =>
  isMeasured(share) ? html`${proportion(share)}<small>of ${count(share.n)}</small>` : html`${NOTHING}`;

export type Compared = Difference & { difference: number; p: number };

export const isCompared = (difference: Difference | null): difference is Compared =>
  difference !== null && difference.difference !== null && difference.p !== null;

/** `+4.5 (+2.1 to +6.9)`, in percentage points. */
export const difference = (difference: Difference | null) => (isCompared(difference) ? paired(difference) : NOTHING);

export const p = (difference: Difference | null) => (isCompared(difference) ? pValue(difference.p) : NOTHING);

/** Whether the interval leaves no doubt of the sign. */
export const isClear = ({ low, high }: Difference) => low > 0 || high < 0;

/** Read and written. */
export const tokens = ({ promptTokens, completionTokens }: Use) => promptTokens + completionTokens;

/** Three digits where there are not more before the point: `0.0123`, `4.56`, `1,234`. */
export const few = (n: number) => (Math.abs(n) >= 99.95 ? count(n) : String(Number(n.toPrecision(3))));

/** `$0.00123`. */
export const dollars = (cost: number | null) => (cost === null ? NOTHING : `$${few(cost)}`);
