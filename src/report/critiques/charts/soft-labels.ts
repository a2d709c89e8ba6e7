import { draw, WIDE } from '../../charts/draw.ts';
import { count, counted } from '../../format.ts';

/** How many critiques had 0, 1, ... N of N refinements right; those that are kept in the other colour. */
export function softLabelChart(labels: readonly number[], keep: number) {
  const n = labels.length - 1;
  const values = labels.map((critiques, right) => ({ right, critiques, kept: right >= keep }));
  return draw(
    {
      data: { values },
      mark: { type: 'bar', width: { band: 0.75 } },
      encoding: {
        x: {
          field: 'right',
          type: 'ordinal',
          axis: { title: `refinements right, of ${n}`, labelOverlap: true },
        },
        y: {
          field: 'critiques',
          type: 'quantitative',
          axis: { labelExpr: "format(datum.value, '~s')", tickMinStep: 1, title: 'critiques' },
        },
        color: {
          field: 'kept',
          scale: { domain: [false, true], range: ['var(--muted)', 'var(--with)'] },
          legend: null,
        },
      },
    },
    WIDE,
    `Critiques by refinements that were right: ${values.map(({ right, critiques }) => `${right} of ${n}: ${count(critiques)}`).join('; ')}. ${counted(
      labels.slice(keep).reduce((sum, value) => sum + value, 0),
      'critique',
    )} with at least ${keep} are kept.`,
  );
}
