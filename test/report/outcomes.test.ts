import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/html.ts';
import { warnings } from '../../src/report/outcomes.ts';
import { byClass, parsePage, textOf } from './page.ts';
import { outcomes, sampleReport } from './sample.ts';

function troubled() {
  const report = sampleReport();
  for (const { evaluation } of report.iterations.slice(1)) evaluation!.outcomes = outcomes(1000, 618, 51, 50);
  report.iterations[2]!.exploration!.critic!.verdicts = { correct: 400, wrong: 500, unparsed: 100 };
  return report;
}

describe('warnings', () => {
  it('stay away from a clean run', async () => {
    expect(warnings(sampleReport())).toEqual([]);
    expect(byClass(parsePage(await renderReport(sampleReport())), 'warning')).toEqual([]);
  });

  it('name what is above 5 %, once for all its iterations; 5 % is not above', () => {
    expect(warnings(troubled()).map((warning) => warning.replaceAll('\u00A0', ' '))).toEqual([
      'Test responses without an answer that could be read: 5.1 % in iteration 1 (51 of 1,000), 5.1 % in iteration 2 (51 of 1,000).',
      'Critiques of training responses without a verdict that could be read: 10.0 % in iteration 2 (100 of 1,000).',
    ]);
  });

  it('stand above the results, and the cells that they are about are marked', async () => {
    const page = parsePage(await renderReport(troubled()));
    expect(byClass(page, 'warning').map(textOf).join()).toContain('Test responses without an answer');
    expect(byClass(page, 'notable').map(textOf)).toEqual([
      '\u26A0\uFE0E 51 (5.1\u00A0%)',
      '\u26A0\uFE0E 51 (5.1\u00A0%)',
    ]);
  });
});
