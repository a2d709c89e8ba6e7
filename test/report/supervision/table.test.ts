import { expect, it } from 'vitest';
import { supervisionTable } from '../../../src/report/supervision/table.ts';
import { aloneReport, stoppedReport, supervisionReport } from './sample.ts';

const HEAD = `| strategy | accuracy (95 % interval) | difference to response only | tokens per question |
| --- | ---: | ---: | ---: |
`;

it('is a Markdown table of the strategies at their largest k', () => {
  const table = supervisionTable(supervisionReport());
  expect(table.startsWith(HEAD)).toBe(true);
  expect(table).toContain('| response only, greedy | 54.8 % (52.1 to 57.5) | \u2013 | 240 |\n');
  expect(table).toContain(
    '| vote of 32, with critic (verdict) | 81.0 % (78.9 to 83.1) | +12.5 (+10.7 to +14.3) | 35,411 |\n',
  );
  expect(table.match(/^\|.*\|$/gm)).toHaveLength(2 + 20);
});

it('has two votes of responses only: of as many as are reviewed, and of all', () => {
  expect(supervisionTable(supervisionReport()).match(/vote of \d+, response only \|/g)).toEqual([
    'vote of 32, response only |',
    'vote of 64, response only |',
  ]);
});

it('is short without reviewers, and empty where nothing was measured', () => {
  expect(supervisionTable(aloneReport())).toBe(
    `${HEAD}| response only, greedy | 54.8 % (52.1 to 57.5) | \u2013 | 240 |
| vote of 64, response only | 69.5 % (67.0 to 72.0) | \u2013 | 15,344 |
`,
  );
  expect(supervisionTable(stoppedReport())).toBe(HEAD);
});
