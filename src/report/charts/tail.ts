import type { Diversity } from '../../method/diversity.ts';
import { interval, percent } from '../format.ts';
import { draw, SERIES, type Size } from './draw.ts';
import { SHARE_AXIS } from './shares.ts';

/** Where the accepted rows of one iteration are: their share at each level, with its interval. `most`: where the axis ends. */
export function tailChart(name: string, { byLevel }: Diversity, size: Size, most: number) {
  const values = byLevel.flatMap(({ level, share: { value, low, high } }) =>
    value === null ? [] : [{ level, value, low, high }],
  );
  const domain: [number, number] = [0, most];
  const y = { type: 'quantitative' as const, scale: { domain }, axis: SHARE_AXIS };
  return draw(
    {
      data: { values },
      encoding: { x: { field: 'level', type: 'ordinal', axis: { title: 'level' } } },
      layer: [
        {
          mark: { type: 'bar', width: { band: 0.6 }, color: SERIES.without.colour },
          encoding: { y: { field: 'value', ...y } },
        },
        {
          mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
          encoding: { y: { field: 'low', ...y }, y2: { field: 'high' } },
        },
      ],
    },
    size,
    `${name}: ${values.map(({ level, value, low, high }) => `level ${level} ${percent(value)} (${interval(low, high, percent)})`).join('; ')}.`,
  );
}
