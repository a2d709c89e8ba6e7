import type { Basis, Comparison, Method } from '../../../method/supervision/summary.ts';
import { pValue } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import { lineName } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { BASES, capital, strategyName } from '../names.ts';
import { difference, isCompared } from '../numbers.ts';
import { conditionsOf, isSameCondition } from '../strategies.ts';

const ORDER: Basis[] = ['samples', 'actor generations', 'generations', 'tokens'];

/** A method at one k against response only, on every basis. */
interface Row {
  k: number;
  comparisons: Comparison[];
}

/** Is a reviewer worth what it costs? Each strategy against the vote of as many samples, generations and tokens (method.md D2.6). */
export function comparisons({ summary, plan }: SupervisionReport): Markup | null {
  const { comparisons } = summary;
  if (comparisons.length === 0) return null;
  const methods = [...new Set(comparisons.map(({ after }) => after.method))];
  const tables = methods.flatMap((method) => {
    const ofMethod = comparisons.filter(({ after }) => after.method === method);
    return conditionsOf(ofMethod.map(({ after }) => after)).map((condition) =>
      table(
        method,
        ofMethod.filter(({ after }) => isSameCondition(after, condition)),
        plan.samples,
      ),
    );
  });
  return html`
<section id="comparisons"><h2>At equal budgets</h2>
<p>Differences to response only in percentage points, paired by question, with what they are to. A vote of k reviewed samples takes up to k generations of the actor for responses, k for refinements, and k critiques: so it is compared with 2k and 3k responses, and with as many as cost the same tokens.
p values are not corrected for how many there are.</p>
<div class="many">${tables}</div>
</section>`;
}

function table(method: Method, comparisons: Comparison[], samples: number): Markup {
  const bases = ORDER.filter((basis) => comparisons.some((it) => it.basis === basis));
  const ks = [...new Set(comparisons.map(({ after }) => after.k))].sort((a, b) => a - b);
  const { reviewer, gate } = comparisons[0]!.after;
  const isChain = method.startsWith('sequential');
  const column = (basis: Basis): Column<Row> => ({
    head: `At as many ${BASES[basis]}`,
    cell: (row) => {
      const found = row.comparisons.find((it) => it.basis === basis);
      return found ? cell(found, samples) : NOTHING;
    },
  });
  return tabulate<Row>(
    `${capital(lineName({ method, reviewer, gate }))}, against response only`,
    [{ head: isChain ? 'Rounds' : 'Samples k', cell: ({ k }) => k }, ...bases.map(column)],
    ks.map((k) => ({ k, comparisons: comparisons.filter(({ after }) => after.k === k) })),
  );
}

function cell({ before, difference: found }: Comparison, samples: number): string | Markup {
  if (isCompared(found)) return html`${difference(found)}<small>${pValue(found.p)}, to ${strategyName(before)}</small>`;
  return found === null && before.k > samples ? `not enough samples (${before.k})` : NOTHING;
}
