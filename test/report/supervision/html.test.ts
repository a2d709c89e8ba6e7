import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Attempt } from '../../../src/method/rows.ts';
import type { SupervisionReport } from '../../../src/report/supervision/data.ts';
import { renderSupervision } from '../../../src/report/supervision/html.ts';
import { all, byClass, byTag, type Element, parsePage, section, tableOf, textOf } from '../page.ts';
import { generation } from '../sample.ts';
import { aloneReport, difference, mean, NOTHING, stoppedReport, supervisionReport } from './sample.ts';

const pageOf = async (report: SupervisionReport) => parsePage(await renderSupervision(report));

/** Drawn once for all tests that only look at it. */
let drawn: Promise<Element> | undefined;
const samplePage = () => {
  drawn ??= pageOf(supervisionReport());
  return drawn;
};

const ids = (page: Element) => byTag(page, 'section').map(({ attributes }) => attributes.id);

const charts = (page: Element) =>
  all(page, ({ tag, attributes }) => tag === 'svg' && attributes['aria-hidden'] !== 'true');

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(() => {
  expect(console.warn).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe('a finished evaluation', () => {
  it('has every section, each with a heading', async () => {
    const page = await samplePage();
    expect(ids(page)).toEqual([
      'strategies',
      'scaling',
      'comparisons',
      'every',
      'levels',
      'critic',
      'transitions',
      'votes',
      'attempts',
      'outcomes',
      'compute',
      'artifacts',
      'provenance',
    ]);
    for (const it of byTag(page, 'section')) expect(byTag(it, 'h2')).toHaveLength(1);
    const named = all(page, ({ attributes }) => 'id' in attributes).map(({ attributes }) => attributes.id);
    expect(new Set(named).size).toBe(named.length);
  });

  it('gives the numbers of the data: accuracy, difference, p and cost', async () => {
    const table = tableOf(await samplePage(), 'Strategies at their largest number of samples or rounds');
    expect(table[0]!.join(' | ')).toBe(
      'Strategy | Accuracy | Difference to response only | p | Generations | Tokens | Seconds | Cost of 1,000',
    );
    expect(
      table
        .find(([name]) => name === 'Response only, greedy')!
        .slice(1)
        .join(' | '),
    ).toBe('54.8 % (52.1 to 57.5) | \u2013 | \u2013 | 1 | 240 | 0.0163 | $0.0123');
    expect(
      table
        .find(([name]) => name === 'Vote of 32, with critic (verdict)')!
        .slice(1)
        .join(' | '),
    ).toBe('81.0 % (78.9 to 83.1) | +12.5 (+10.7 to +14.3) | < 0.001 | 78.7 | 35,411 | 1.86 | $1.45');
    expect(table).toHaveLength(1 + 20);
  });

  it('says how many questions where they are not all the same', async () => {
    const report = supervisionReport();
    report.summary.measures[0]!.score.n = 1200;
    const [head, first] = tableOf(await pageOf(report), 'Strategies at their largest number of samples or rounds');
    expect([head![1], first![1]]).toEqual(['Questions', '1,200']);
  });

  it('gives the vote and pass@k at every k', async () => {
    const page = await samplePage();
    const votes = tableOf(page, 'Vote of k samples (maj@k), and best of k');
    expect(votes.map(([k]) => k)).toEqual(['Samples k', '1', '2', '4', '8', '16', '32', '64']);
    expect(votes[0]!.slice(-1)).toEqual(['Best of k, by the critic\u2019s verdict']);
    expect(votes[7]!.slice(0, 3)).toEqual(['64', '69.5 % (67.0 to 72.0)', '\u2013']);
    expect(tableOf(page, 'At least one of k right (pass@k)')[1]![1]).toBe('46.1 % (43.4 to 48.8)');
    expect(tableOf(page, 'Rounds in sequence')).toHaveLength(6);
  });

  it('compares at equal budgets, and says where too few samples were drawn', async () => {
    const page = await samplePage();
    const [head, ...rows] = tableOf(page, 'Vote of k, with critic (always), against votes of responses only');
    expect(head).toEqual(['k', 'Equal samples', 'Equal generations of the actor', 'Equal generations', 'Equal tokens']);
    expect(rows[4]).toEqual([
      '16',
      '+11.0 (+9.2 to +12.8)16 to 16, p < 0.001',
      '+9.5 (+7.7 to +11.3)16 to 32, p < 0.001',
      '+8.9 (+7.1 to +10.7)16 to 48, p < 0.001',
      'not enough samples16 to 98',
    ]);
    expect(rows[5]![3]).toBe('not enough samples32 to 96');
    const largest = tableOf(
      page,
      'Against votes of responses only, at the largest k for which enough samples were drawn',
    );
    expect(largest[1]![3]).toBe('+8.9 (+7.1 to +10.7)16 to 48, p < 0.001');
  });

  it('counts what reviews repair and break', async () => {
    const report = supervisionReport();
    const table = tableOf(await samplePage(), 'Responses by what a review made of them');
    const { c2c, c2i, i2c, i2i } = report.summary.reviews[0]!.transitions;
    expect(table[1]!.slice(0, 6)).toEqual([
      'With critic (always), greedy',
      `${c2c} (50.8 %)`,
      `${i2c} (15.0 %)`,
      `${c2i} (4.0 %)`,
      `${i2i} (30.2 %)`,
      `+${i2c - c2i}`,
    ]);
  });

  it('says in words what every chart shows', async () => {
    const found = charts(await samplePage());
    expect(found).toHaveLength(2 * 4 + 2 * 2 + 2 + 2);
    for (const { attributes } of found) {
      expect(attributes.role).toBe('img');
      expect(attributes['aria-label']).toMatch(/\d\u00A0%|\d+ stayed right/);
    }
    expect(found[0]!.attributes['aria-label']).toContain(
      'vote of k, with critic (always): at 1 57.1\u00A0% (54.4\u00A0to\u00A059.8), at 2',
    );
  });

  it('tells the lines of a chart apart by dash and shape, not only by colour', async () => {
    const [chart] = charts(await samplePage());
    const lines = byClass(chart!, 'mark-line').flatMap((mark) => byTag(mark, 'path'));
    const dashes = lines.map(({ attributes }) => attributes['stroke-dasharray']);
    expect(new Set(dashes).size).toBe(5);
    const points = byClass(chart!, 'mark-symbol').flatMap((mark) => byTag(mark, 'path'));
    const shapes = points.map(({ attributes }) => attributes.d!.replace(/[\d.-]+/g, '#') + attributes.stroke);
    expect(points).toHaveLength(7 + 4 * 6);
    expect(new Set(points.map(({ attributes }) => attributes.d)).size).toBe(5);
    expect(new Set(shapes).size).toBeGreaterThan(1);
  });

  it('draws each accuracy where the axis says it is', async () => {
    const report = supervisionReport();
    const [chart] = charts(await samplePage());
    const points = byClass(chart!, 'mark-symbol').flatMap((mark) => byTag(mark, 'path'));
    const circles = points.filter(({ attributes }) => /^M[\d.]+,0A/.test(attributes.d!)).map(place);
    const votes = report.summary.measures.filter(({ method, reviewer }) => method === 'maj' && reviewer === null);
    const perShare = (circles[1]!.y - circles[6]!.y) / (votes[6]!.score.value! - votes[1]!.score.value!);
    for (const [i, { x, y }] of circles.entries()) {
      expect(circles[1]!.y - y).toBeCloseTo(perShare * (votes[i]!.score.value! - votes[1]!.score.value!), 1);
      expect(x - circles[0]!.x).toBeCloseTo((i * (circles[6]!.x - circles[0]!.x)) / 6, 1);
    }
  });

  it('is the same bytes for the same data, also when rendered side by side', async () => {
    const once = await renderSupervision(supervisionReport());
    const [again, andAgain] = await Promise.all([
      renderSupervision(supervisionReport()),
      renderSupervision(supervisionReport()),
    ]);
    expect([again === once, andAgain === once]).toEqual([true, true]);
  });

  it('loads nothing and runs nothing', async () => {
    const page = await samplePage();
    expect(byTag(page, 'script')).toEqual([]);
    const links = all(page, ({ attributes }) => ['href', 'src', 'xlink:href'].some((name) => name in attributes));
    expect(links.map(({ attributes }) => attributes.href)).toEqual(['data:,']);
    expect(textOf(byTag(page, 'style')[0]!)).not.toMatch(/url\(|@import/);
    expect(byTag(page, 'meta').map(({ attributes }) => attributes.content)).toContain(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
  });
});

describe('parts that are missing', () => {
  it('nobody reviews: not a word on a critic but that there is none', async () => {
    const page = await pageOf(aloneReport());
    expect(ids(page)).toEqual([
      'strategies',
      'scaling',
      'every',
      'levels',
      'votes',
      'attempts',
      'outcomes',
      'compute',
      'artifacts',
      'provenance',
    ]);
    for (const words of byTag(page, 'th').map(textOf)) expect(words).not.toMatch(/critic|critique|gate/i);
    expect(byClass(page, 'headline').map(textOf)).toEqual([
      'Alone, the actor answers 54.8\u00A0% (52.1\u00A0to\u00A057.5) of 1,319 questions correctly, decoded greedily.',
    ]);
  });

  it('nothing measured: no number that is none', async () => {
    const html = await renderSupervision(stoppedReport());
    const page = parsePage(html);
    expect(ids(page)).toEqual(['compute', 'provenance']);
    expect(textOf(byClass(page, 'headline')[0]!)).toBe('Nothing was measured.');
    expect(textOf(byClass(page, 'reason')[0]!)).toBe('Stopped: out of budget');
    expect(html).not.toMatch(/NaN|Infinity|undefined|null|0\.0\u00A0%/);
  });

  it('a run that has just begun', async () => {
    const report = supervisionReport();
    const page = await pageOf({
      ...report,
      status: 'running',
      summary: { questions: 1319, measures: [], comparisons: [], reviews: [], levels: [], votes: [] },
      outcomes: [],
      stages: [],
      attempts: [],
      artifacts: [],
      provenance: {},
    });
    expect(ids(page)).toEqual([]);
    expect(textOf(byClass(page, 'headline')[0]!)).toBe('Nothing has been measured yet.');
  });

  it('one k only, one condition, some means of nothing', async () => {
    const report = supervisionReport();
    const { measures, comparisons, reviews, votes } = report.summary;
    const page = await pageOf({
      ...report,
      summary: {
        ...report.summary,
        measures: measures
          .filter(({ method, k, gate }) => method === 'maj' && k === 4 && gate !== 'oracle' && gate !== 'verdict')
          .map((measure) => (measure.reviewer === 'self' ? { ...measure, score: NOTHING } : measure)),
        comparisons: comparisons.filter(({ after }) => after.k === 4).slice(0, 2),
        reviews: reviews.slice(0, 1).map((review) => ({ ...review, helpfulness: NOTHING, firstWrongStep: NOTHING })),
        votes: votes.slice(0, 1).map((vote) => ({ ...vote, curve: [1, 0.5, 0] })),
      },
    });
    expect(ids(page)).toContain('scaling');
    const [, row] = tableOf(page, 'Critiques by reviewer, gate and what is reviewed');
    expect(row!.slice(-2)).toEqual(['\u2013', '\u2013']);
    expect(charts(section(page, 'scaling')!)).toHaveLength(2);
  });

  it('no tokens known: no chart of them', async () => {
    const report = supervisionReport();
    for (const { use } of report.summary.measures) use.promptTokens = use.completionTokens = 0;
    const page = await pageOf(report);
    expect(charts(section(page, 'scaling')!)).toHaveLength(4);
  });

  it('a text group in doubt is named among the warnings', async () => {
    const page = await samplePage();
    expect(byTag(byClass(page, 'warning')[0]!, 'li').map(textOf)).toEqual([
      'Samples cut off before an answer: 6.2\u00A0% (5,200 of 84,416).',
    ]);
  });
});

describe('what models and users write', () => {
  const hostile = `</style></script><script>alert("x")</script>&amp;<img src=x onerror='alert(1)'>\u0000\u001B[31m\uD800`;
  const shown = ['\u0000', '\u001B', '\uD800'].reduce((text, each) => text.replaceAll(each, '\uFFFD'), hostile);

  it('is text wherever it stands', async () => {
    const report = supervisionReport();
    const { attempt } = report.attempts[0]!;
    const written: Attempt = {
      ...attempt,
      question: { ...attempt.question, id: hostile, question: hostile, reference: hostile },
      response: generation(hostile),
      critique: {
        ...attempt.critique!,
        text: `Step sentence: ${hostile}\nCorrectness of the step: Wrong\nExplanation: ${hostile}`,
      },
      refinement: { ...attempt.refinement!, text: hostile },
    };
    const page = await pageOf({
      ...report,
      run: hostile,
      reason: hostile,
      actor: hostile,
      critic: hostile,
      dataset: hostile,
      warnings: [hostile],
      outcomes: report.outcomes.map((group) => ({ ...group, texts: hostile })),
      stages: report.stages.map((stage) => ({ ...stage, stage: hostile })),
      attempts: [{ set: hostile, attempt: written }],
      artifacts: [{ name: hostile, uri: `javascript:${hostile}`, sha256: hostile, rows: 1, bytes: 1 }],
      provenance: { [hostile]: { [hostile]: hostile } },
    });
    expect([...byTag(page, 'script'), ...byTag(page, 'img'), ...byTag(page, 'a')]).toEqual([]);
    expect(textOf(byTag(page, 'h1')[0]!)).toBe(shown);
    // Summary, set, question, reference, response, explanation, refinement.
    expect(textOf(byClass(page, 'attempt')[0]!).split(shown).length - 1).toBeGreaterThanOrEqual(7);
  });

  it('may be one endless line', async () => {
    const report = supervisionReport();
    const { attempt, set } = report.attempts[2]!;
    const page = await pageOf({
      ...report,
      attempts: [{ set, attempt: { ...attempt, response: generation('x'.repeat(4500), 'length') } }],
    });
    expect(textOf(byClass(page, 'attempt')[0]!)).toContain('\u2026 and 500 more characters');
  });
});

it('shows each attempt folded, the first one open, with how it ended in its head', async () => {
  const attempts = byClass(await samplePage(), 'attempt');
  expect(attempts.map(({ attributes }) => attributes.open)).toEqual(['open', undefined, undefined]);
  expect(textOf(byTag(attempts[0]!, 'summary')[0]!)).toMatch(
    /^gsm8k-train-17 greedy, level 3, sample 0: response .*wrong verdict .*wrong refinement .*correct$/,
  );
  expect(byTag(byClass(attempts[0]!, 'judged')[0]!, 'li')).toHaveLength(4);
});

it('has levels in every kind, with differences below the accuracies', async () => {
  const report = supervisionReport();
  report.summary.levels[1]!.levels[4]!.reviewed[0] = {
    reviewer: 'critic',
    gate: 'always',
    score: mean(0.25, 324),
    difference: difference(0.12, 0.05),
  };
  const page = await pageOf(report);
  expect(tableOf(page, 'Accuracy by level, levels of the dataset')).toHaveLength(6);
  expect(tableOf(page, 'Accuracy by level, levels by pass rate')[5]![3]).toBe(
    '25.0 % (20.3 to 29.7)+12.0 (+7.0 to +17.0)',
  );
});

/** Where a mark of a chart stands, in pixels. */
function place({ attributes }: Element): { x: number; y: number } {
  const [, x, y] = /translate\(([\d.]+),([\d.]+)\)/.exec(attributes.transform ?? '')!;
  return { x: Number(x), y: Number(y) };
}
