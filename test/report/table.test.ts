import { expect, it } from 'vitest';
import { renderTable } from '../../src/report/table.ts';
import { sampleReport, vanillaReport } from './sample.ts';

it('is a Markdown table, one line an iteration', () => {
  expect(renderTable(sampleReport())).toBe(
    `| iteration | accuracy (95 % interval) | with critic | accepted rows | training rows | loss |
| ---: | ---: | ---: | ---: | ---: | ---: |
| 0 | 55.6 % (52.5 to 58.7) | 66.6 % (63.7 to 69.5) | \u2013 | 5,500 | LOSS0 |
| 1 | 61.8 % (58.8 to 64.8) | 72.8 % (70.0 to 75.6) | 7,800 | 14,700 | LOSS1 |
| 2 | 65.2 % (62.2 to 68.2) | 76.2 % (73.6 to 78.8) | 8,100 | 15,600 | LOSS2 |
`.replace(/LOSS(\d)/g, (_, i) => sampleReport().iterations[i]!.training!.losses.at(-1)!.loss.toPrecision(4)),
  );
});

it('has no column of a critic that the run has not', () => {
  const [head, ...rows] = renderTable(vanillaReport()).trim().split('\n');
  expect(head).toBe('| iteration | accuracy (95 % interval) | accepted rows | training rows | loss |');
  for (const row of rows) expect(row.split('|')).toHaveLength(7);
});

it('leaves open what an iteration has not got to', () => {
  expect(renderTable({ ...sampleReport(), iterations: [{ iteration: 0, stages: [] }] })).toContain(
    '| 0 | \u2013 | \u2013 | \u2013 | \u2013 | \u2013 |\n',
  );
});
