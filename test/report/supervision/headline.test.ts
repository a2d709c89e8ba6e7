import { describe, expect, it } from 'vitest';
import type { SupervisionReport } from '../../../src/report/supervision/data.ts';
import { headline } from '../../../src/report/supervision/headline.ts';
import { aloneReport, difference, supervisionReport } from './sample.ts';

const say = (report: SupervisionReport) => headline(report).map((sentence) => sentence.replaceAll('\u00A0', ' '));

describe('headline', () => {
  it('says what reviewers do, and whether their votes are worth what they cost', () => {
    const interval = (low: string, high: string) => `(paired 95 % interval ${low} to ${high}, p < 0.001)`;
    expect(say(supervisionReport())).toEqual([
      'Alone, the actor answers 54.8 % (52.1 to 57.5) of 1,319 questions correctly, decoded greedily.',
      `With the critic (always), it answers 65.8 %: +11.0 points ${interval('+9.2', '+12.8')} over its responses alone.`,
      `With the critic (verdict), it answers 67.3 %: +12.5 points ${interval('+10.7', '+14.3')} over its responses alone.`,
      `With self-correction (always), it answers 52.8 %: \u22122.0 points ${interval('\u22123.8', '\u22120.2')} over its responses alone. Here, self-correction hurts.`,
      'With self-correction (verdict), it answers 55.2 %: +0.4 points (paired 95 % interval \u22121.4 to +2.2, p = 0.31) over its responses alone. The interval includes 0, so self-correction is not shown to make a difference.',
      `At equal generations, the vote of 16, with critic (always), beats the vote of 48, response only: +8.9 points ${interval('+7.1', '+10.7')}. At equal tokens, the vote of 8, with critic (always), beats the vote of 49, response only: +6.6 points ${interval('+4.8', '+8.4')}.`,
      `At equal generations, the vote of 16, with critic (verdict), beats the vote of 40, response only: +10.7 points ${interval('+8.9', '+12.5')}. At equal tokens, the vote of 8, with critic (verdict), beats the vote of 37, response only: +8.4 points ${interval('+6.6', '+10.2')}.`,
    ]);
  });

  it('says that a critic hurts, and that its votes are beaten', () => {
    const said = say(supervisionReport(-0.2));
    expect(said[1]).toMatch(/: \u22129\.0 points .* Here, the critic hurts\.$/);
    expect(said[5]).toContain('the vote of 16, with critic (always), is beaten by the vote of 48, response only');
  });

  it('claims nothing where the interval includes 0', () => {
    const report = supervisionReport();
    for (const comparison of report.summary.comparisons) comparison.difference &&= difference(0.01);
    expect(say(report)[5]).toMatch(
      /^At equal generations, the vote of 16, with critic \(always\), is not shown to beat/,
    );
  });

  it('says where too few samples were drawn to compare', () => {
    const report = supervisionReport();
    for (const comparison of report.summary.comparisons)
      if (comparison.basis !== 'samples') comparison.difference = null;
    expect(say(report)[5]).toBe(
      'The vote of k, with critic (always), is not compared at equal generations: for 1 sample that takes 3 responses, and 64 were drawn.',
    );
  });

  it('tells of the gate that looks at the reference only where it is alone', () => {
    expect(say(supervisionReport()).join()).not.toContain('oracle');
    const report = supervisionReport();
    const reviews = report.summary.reviews.filter(({ gate }) => gate === 'oracle');
    expect(say({ ...report, summary: { ...report.summary, reviews } })[1]).toMatch(/^With the critic \(oracle\), /);
  });

  it('takes one sample where nothing was decoded greedily', () => {
    const report = aloneReport();
    const measures = report.summary.measures.filter(({ method }) => method !== 'greedy');
    expect(say({ ...report, summary: { ...report.summary, measures } })).toEqual([
      'Alone, the actor answers 46.1 % (43.4 to 48.8) of 1,319 questions correctly, in one sample.',
    ]);
  });
});
