import { describe, expect, it } from 'vitest';
import type { CritiquesReport } from '../../../src/report/critiques/data.ts';
import { headline } from '../../../src/report/critiques/headline.ts';
import { renderCritiques } from '../../../src/report/critiques/html.ts';
import { critiquesTable } from '../../../src/report/critiques/table.ts';
import { byTag, parsePage, section, textOf } from '../page.ts';
import { critiquesReport } from './sample.ts';

const pageOf = async (report: CritiquesReport) => parsePage(await renderCritiques(report));

describe('the report of a buildCritiques', () => {
  it('has every section, and the same bytes for the same data', async () => {
    const page = await pageOf(critiquesReport());
    const ids = byTag(page, 'section').map(({ attributes }) => attributes.id);
    expect(ids).toEqual([
      'statistics',
      'removals',
      'labels',
      'agreement',
      'attempts',
      'compute',
      'artifacts',
      'provenance',
    ]);
    expect(await renderCritiques(critiquesReport())).toBe(await renderCritiques(critiquesReport()));
  });

  it('says what came out, what was removed and why', async () => {
    const report = critiquesReport();
    const { total, removed } = report.statistics;
    expect(headline(report)[0]).toMatch(new RegExp(`^${total.kept} of 200 critiques are kept`));
    const page = await pageOf(report);
    const text = textOf(section(page, 'removals')!);
    for (const { count, reason } of removed) {
      expect(text).toContain(reason);
      expect(text).toContain(String(count));
    }
    expect(textOf(section(page, 'attempts')!)).toContain('removed: speaks of the reference');
  });

  it('of a run that was stopped before it annotated anything shows what there is', async () => {
    const { statistics, ...rest } = critiquesReport();
    const total = { ...statistics.total, annotated: 0, passed: 0, kept: 0 };
    const nothing = { ...statistics, total, removed: [], softLabels: [], mistakes: [], stepsPerCritique: null };
    const report: CritiquesReport = {
      ...rest,
      status: 'stopped',
      reason: 'enough',
      statistics: nothing,
      examples: { kept: [], removed: [] },
    };
    const page = await pageOf(report);
    expect(textOf(page)).toContain('Nothing was annotated.');
    expect(textOf(page)).toContain('Stopped: enough');
    expect(byTag(page, 'section').map(({ attributes }) => attributes.id)).not.toContain('labels');
  });

  it('is a table in Markdown, too', () => {
    const lines = critiquesTable(critiquesReport()).trimEnd().split('\n');
    expect(lines).toHaveLength(2 + 4 + 1);
    expect(lines.every((line) => line.split('|').length === 8)).toBe(true);
  });
});
