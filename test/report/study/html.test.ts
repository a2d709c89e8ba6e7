import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StudyData } from '../../../src/report/study/data.ts';
import { headline } from '../../../src/report/study/headline.ts';
import { renderStudy } from '../../../src/report/study/html.ts';
import { studyTable } from '../../../src/report/study/table.ts';
import { all, byTag, type Element, parsePage, section, tableOf, textOf } from '../page.ts';
import { emptyStudy, sampleStudy } from './sample.ts';

const pageOf = async (study: StudyData) => parsePage(await renderStudy(study));

let drawn: Promise<Element> | undefined;
const samplePage = () => {
  drawn ??= pageOf(sampleStudy());
  return drawn;
};

const ids = (page: Element) => byTag(page, 'section').map(({ attributes }) => attributes.id);

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(() => {
  expect(console.warn).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe('a finished study', () => {
  it('has every section', async () => {
    expect(ids(await samplePage())).toEqual([
      'findings',
      'critics',
      'grid',
      'levels',
      'budget',
      'chains',
      'votes',
      'iterations',
      'tail',
      'players',
      'critic-data',
      'critic-training',
      'self-talk',
      'children',
      'provenance',
    ]);
  });

  it('has every finding with the paper\u2019s numbers, what was measured and whether it holds', async () => {
    const study = sampleStudy();
    const text = textOf(section(await samplePage(), 'findings')!);
    for (const { claim, paper, why } of study.findings)
      for (const said of [claim, paper, why]) expect(text).toContain(said);
    expect(text).toContain('greedy, with the critic minus alone: +12.5 (+10.7\u00A0to\u00A0+14.3)');
    expect(text).toContain('\u2717\u00A0does not hold');
  });

  it('links the runs that have a page', async () => {
    const links = byTag(section(await samplePage(), 'children')!, 'a').map(({ attributes }) => attributes.href);
    const pages = sampleStudy().steps.flatMap(({ report }) => report ?? []);
    expect(links).toEqual(pages);
  });

  it('has the paper\u2019s rows of training and test time beside those measured', async () => {
    const rows = tableOf(await samplePage(), 'Every actor under every review').map((cells) => cells.join(' | '));
    const row = (start: string) => rows.find((each) => each.startsWith(start))!;
    expect(row('Fine-tuned | response only')).toContain('GSM8K 54.8 / 75.2 / 54.5');
    expect(row('Critique-in-the-loop | with critic (verdict)')).toContain('MATH 31.4 / 53.1 / 36.8');
    expect(row('Self-correction | self-correction (verdict)')).toContain('GSM8K 60.1 / 81.5 / 67.2');
    expect(row('Self-talk | response only')).toMatch(/\u2013$/);
  });

  it('says every removed row\u2019s reason and how many there were', async () => {
    const text = textOf(section(await samplePage(), 'critic-data')!);
    for (const { reason, count } of sampleStudy().critiques!.removed)
      expect(text).toMatch(new RegExp(`${reason}\\s*${count}`));
  });

  it('is the same to the last byte every time', async () =>
    expect(await renderStudy(sampleStudy())).toBe(await renderStudy(sampleStudy())));
});

it('a study that measured nothing says so, and has no empty tables', async () => {
  const page = await pageOf(emptyStudy());
  expect(ids(page)).toEqual(['findings', 'children', 'provenance']);
  expect(headline(emptyStudy())).toEqual(['Nothing was measured.']);
  expect(textOf(section(page, 'findings')!)).toContain('not measured');
  expect(all(page, ({ tag, attributes }) => tag === 'svg' && attributes['aria-hidden'] !== 'true')).toEqual([]);
});

it('escapes what comes from outside', async () => {
  const study = sampleStudy();
  const page = await renderStudy({ ...study, run: '<b>', actor: '<script>', warnings: ['<i>'] });
  expect(page).not.toMatch(/<script>|<b>|<i>/);
});

it('sums up in words', () => {
  const [counts, ...sentences] = headline(sampleStudy());
  expect(counts).toBe('Of 16 findings of the paper, 12 hold here, 1 does not, 3 are unclear.');
  expect(sentences).toHaveLength(3);
  expect(sentences[0]).toMatch(
    /^Holds: \u201cA critic at test time .*\u201d Here, greedy, .*: \+12\.5 points \(95\u00A0% interval/,
  );
});

it('is a table of Markdown, one row a finding', () => {
  const lines = studyTable(sampleStudy()).trimEnd().split('\n');
  expect(lines).toHaveLength(2 + 16);
  expect(lines[2]).toBe(
    '| A critic at test time makes the actor answer more questions right. | +12.5 (+10.7 to +14.3) | yes |',
  );
  expect(studyTable(emptyStudy())).toContain('| \u2013 | not measured |');
});
