import type { Level } from '../../../method/rows.ts';
import { draw, type Size } from '../../charts/draw.ts';
import { SHARE_AXIS } from '../../charts/shares.ts';
import { CONFIDENCE, proportion } from '../../format.ts';
import type { Measured } from '../numbers.ts';
import { type Look, scales } from './looks.ts';

/** Accuracy of one condition at each level. */
export interface LevelBars {
  name: string;
  look: Look;
  levels: { level: Level; score: Measured }[];
}

const SIZE: Size = { width: 430, height: 240 };

/** Bars by level with their intervals, one a condition. `most`: where the vertical axis ends. */
export function levelBars(name: string, bars: LevelBars[], most = 1) {
  const values = bars.flatMap(({ name, levels }) =>
    levels.map(({ level, score }) => ({ series: name, level, ...score })),
  );
  const { color, shape } = scales(bars);
  const xOffset = { field: 'series', type: 'nominal' as const, sort: bars.map(({ name }) => name) };
  return draw(
    {
      data: { values },
      encoding: {
        x: {
          field: 'level',
          type: 'ordinal',
          axis: { title: 'level', labelExpr: 'datum.value' },
          scale: { paddingInner: 0.25, paddingOuter: 0.1 },
        },
        xOffset,
        y: { type: 'quantitative', field: 'value', scale: { domain: [0, most] }, axis: SHARE_AXIS },
        color,
      },
      layer: [
        { mark: { type: 'bar', opacity: 0.35 } },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, opacity: 1, size: 45 }, encoding: { shape } },
      ],
    },
    SIZE,
    `${name}, with ${CONFIDENCE} intervals. ${bars.map(({ name, levels }) => `${name}: ${levels.map(({ level, score }) => `level ${level} ${proportion(score)}`).join(', ')}`).join('; ')}.`,
  );
}
