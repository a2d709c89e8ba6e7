import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunReport } from '../../src/report/data.ts';
import { renderReport } from '../../src/report/html.ts';
import { all, byClass, byTag, parsePage, section, tableOf, textOf } from './page.ts';
import { generation, outcomes, sampleReport, vanillaReport } from './sample.ts';

const ids = async (report: RunReport) =>
  byTag(parsePage(await renderReport(report)), 'section').map(({ attributes }) => attributes.id);

describe('a finished run', () => {
  it('has every section, each with a heading, and tables beside the charts', async () => {
    const page = parsePage(await renderReport(sampleReport()));
    const sections = byTag(page, 'section');
    expect(sections.map(({ attributes }) => attributes.id)).toEqual([
      'accuracy',
      'levels',
      'exploration',
      'diversity',
      'critic',
      'training',
      'attempts',
      'outcomes',
      'compute',
      'artifacts',
      'provenance',
    ]);
    for (const it of sections) expect(byTag(it, 'h2')).toHaveLength(1);
    expect(byTag(page, 'h1').map(textOf)).toEqual(['demo-2026-03-01-123456']);
    for (const id of ['accuracy', 'levels', 'exploration', 'diversity', 'training']) {
      expect(byTag(section(page, id)!, 'svg').length).toBeGreaterThan(0);
      expect(byTag(section(page, id)!, 'table').length).toBeGreaterThan(0);
    }
  });

  it('gives accuracies with intervals and paired differences', async () => {
    const page = parsePage(await renderReport(sampleReport()));
    expect(tableOf(page, 'Accuracy on the test set by iteration')).toEqual([
      ['Iteration', 'Questions', 'Response only', 'Gain over iteration 0', 'With critic', 'Gain by critic'],
      ['0', '1,000', '55.6 % (52.5 to 58.7)', '\u2013', '66.6 % (63.7 to 69.5)', '+11.0 (+8.6 to +13.4)'],
      ['1', '1,000', '61.8 % (58.8 to 64.8)', '+6.2 (+3.8 to +8.6)', '72.8 % (70.0 to 75.6)', '+11.0 (+8.6 to +13.4)'],
      ['2', '1,000', '65.2 % (62.2 to 68.2)', '+9.6 (+7.2 to +12.0)', '76.2 % (73.6 to 78.8)', '+11.0 (+8.6 to +13.4)'],
    ]);
  });

  it('draws each accuracy where the axis says it is', async () => {
    const page = parsePage(await renderReport(sampleReport()));
    const chart = byTag(section(page, 'accuracy')!, 'svg').at(-1)!;
    const circles = all(chart, ({ attributes }) => /^M[\d.]+,0A/.test(attributes.d ?? '')).map(heightOf);
    const diamonds = all(chart, ({ attributes }) => /^M-[\d.]+,0L/.test(attributes.d ?? '')).map(heightOf);
    const perShare = (circles[0]! - circles[2]!) / (0.652 - 0.556);
    expect(perShare).toBeGreaterThan(0);
    expect(circles[0]! - circles[1]!).toBeCloseTo(perShare * (0.618 - 0.556), 1);
    for (const [i, y] of diamonds.entries()) expect(circles[i]! - y).toBeCloseTo(perShare * 0.11, 1);
    expect([circles.length, diamonds.length]).toEqual([3, 3]);
  });

  it('says in words what every chart shows', async () => {
    const charts = all(
      parsePage(await renderReport(sampleReport())),
      ({ tag, attributes }) => tag === 'svg' && attributes['aria-hidden'] !== 'true',
    );
    expect(charts).toHaveLength(1 + 5 + 1 + 5 + 2 + 3);
    for (const { attributes } of charts) expect([attributes.role, attributes['aria-label']]).not.toContain(undefined);
    expect(charts[0]!.attributes['aria-label']).toContain(
      'iteration 2 65.2\u00A0% (62.2\u00A0to\u00A068.2), with critic 76.2',
    );
    expect(charts.map(({ attributes }) => attributes['aria-label'])).toContain(
      'Accepted rows at level 5: iteration 1 330 without and 535 with critique; iteration 2 310 without and 610 with critique.',
    );
  });

  it('shows the tail, what critique adds to it, and what is left out', async () => {
    const page = parsePage(await renderReport(sampleReport()));
    expect(tableOf(page, 'Distinct solutions and questions solved')[1]).toEqual([
      '1',
      '4,000',
      '1.40 \u2192 1.65',
      '72.3 % (70.9 to 73.6)',
      '85.5 % (84.4 to 86.6)',
    ]);
    const shares = tableOf(page, 'Share of accepted rows by level');
    expect(shares[0]).toEqual(['Iteration', 'Level 1', 'Level 2', 'Level 3', 'Level 4', 'Level 5']);
    expect(shares[2]!.at(-1)).toMatch(/^12\.6 %/);
    expect(tableOf(page, 'Distinct solutions and questions solved by level').map(([where]) => where)).toEqual([
      'Iteration',
      ...[1, 2].flatMap((iteration) => [1, 2, 3, 4, 5].map((level) => `${iteration}, level ${level}`)),
    ]);
    expect(tableOf(page, 'Right rows that are not trained on').at(-1)).toEqual([
      '2',
      '180',
      '600',
      '24',
      'runs/demo-2026-03-01-123456/iteration-2/removed.jsonl',
    ]);
    expect(tableOf(page, 'Critiques that helped').map((row) => row.length)).toEqual([4, 4, 4]);
  });

  it('shows a critic that is retrained', async () => {
    const report = sampleReport();
    const last = report.iterations.at(-1)!;
    const training = { rows: 2200, byKind: [], steps: 33, seconds: 20, losses: [{ step: 33, loss: 0.25 }] };
    const checkpoint = { uri: 'runs/demo/iteration-2/critic-fine-tune/checkpoint', sha256: 'c'.repeat(64) };
    report.iterations.splice(-1, 1, { ...last, critic: { training, checkpoint } });
    const page = parsePage(await renderReport(report));
    expect(tableOf(page, 'Critiques that helped').at(-1)!.slice(4)).toEqual(['2,200', '33', '20 s', '0.2500']);
    expect(textOf(section(page, 'critic')!)).toContain('retrained after each exploration');
    expect(textOf(section(page, 'artifacts')!)).toContain(checkpoint.uri);
  });

  it('sets the label of the critic beside the step it judges, wrong ones with a sign and a word', async () => {
    const [repaired] = byClass(parsePage(await renderReport(sampleReport())), 'attempt');
    const steps = all(byClass(repaired!, 'judged')[0]!, ({ tag }) => tag === 'li');
    expect(steps.map((step) => byClass(step, 'badge').map(textOf))).toEqual([
      ['\u2713\u00A0correct'],
      ['\u2717\u00A0wrong'],
      ['\u2717\u00A0wrong'],
      ['\u2717\u00A0wrong'],
    ]);
    expect(steps.map(({ attributes }) => attributes.class)).toEqual([undefined, 'wrong', 'wrong', 'wrong']);
    expect(textOf(steps[1]!)).toContain('4000 * 2 / 4 = <<4000*2/4=2000>>2000 bollards.');
    expect(textOf(steps[1]!)).toContain('They installed 3/4 of the total, not 1/4.');
  });

  it('cuts an endless response short and says by how much', async () => {
    const endless = byClass(parsePage(await renderReport(sampleReport())), 'attempt')[2]!;
    expect(byTag(endless, 'li')).toHaveLength(40);
    expect(textOf(endless)).toContain('\u2026 and 5,761 more characters');
  });

  it('is the same bytes for the same data, also when rendered side by side', async () => {
    const once = await renderReport(sampleReport());
    const [again, andAgain] = await Promise.all([renderReport(sampleReport()), renderReport(sampleReport())]);
    expect(again).toBe(once);
    expect(andAgain).toBe(once);
  });

  it('loads nothing and runs nothing', async () => {
    const page = parsePage(await renderReport(sampleReport()));
    expect(byTag(page, 'script')).toEqual([]);
    const links = all(
      page,
      ({ attributes }) => 'href' in attributes || 'src' in attributes || 'xlink:href' in attributes,
    );
    expect(links.map(({ attributes }) => attributes.href)).toEqual(['data:,']);
    const [style] = byTag(page, 'style');
    expect(textOf(style!)).not.toMatch(/url\(|@import/);
    expect(byTag(page, 'meta').map(({ attributes }) => attributes.content)).toContain(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
  });

  it('has each id once', async () => {
    const found = all(parsePage(await renderReport(sampleReport())), ({ attributes }) => 'id' in attributes);
    const names = found.map(({ attributes }) => attributes.id);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('what models and users write', () => {
  const hostile = '</style><script>alert("x")</script>&amp;<img src=x onerror=\'alert(1)\'>';

  it('is text wherever it stands', async () => {
    const report = sampleReport();
    const [{ attempt }] = report.attempts as [RunReport['attempts'][number]];
    const page = parsePage(
      await renderReport({
        ...report,
        run: hostile,
        reason: hostile,
        actor: hostile,
        critic: hostile,
        datasets: { train: hostile, test: hostile },
        warnings: [hostile],
        attempts: [
          {
            iteration: 1,
            set: 'train',
            attempt: {
              question: { ...attempt.question, id: hostile, question: hostile, reference: hostile },
              sample: 0,
              response: generation(hostile),
              grade: { outcome: 'wrong', answer: hostile, rule: hostile, tier: 'rules' },
              critique: {
                ...attempt.critique!,
                text: `Step sentence: ${hostile}\nCorrectness of the step: Wrong\nExplanation: ${hostile}\nStep sentence: other ${hostile}\nCorrectness of the final answer: Wrong\nExplanation: ${hostile}`,
              },
              refinement: { ...attempt.refinement!, text: hostile },
            },
          },
        ],
        artifacts: [{ name: hostile, uri: `javascript:${hostile}`, sha256: hostile, rows: 1, bytes: 1 }],
        provenance: { [hostile]: { [hostile]: hostile, nested: { [hostile]: [hostile] } } },
      }),
    );
    expect([...byTag(page, 'script'), ...byTag(page, 'img'), ...byTag(page, 'a')]).toEqual([]);
    expect(textOf(byTag(page, 'h1')[0]!)).toBe(hostile);
    const [article] = byClass(page, 'attempt');
    // Question, response, its answer, explanation, astray step, verdict, refinement: all shown as written.
    expect(textOf(article!).split(hostile).length - 1).toBeGreaterThanOrEqual(9);
  });

  it('may hold control characters and half surrogate pairs', async () => {
    const report = sampleReport();
    const [sample] = report.attempts as [RunReport['attempts'][number]];
    const attempt = { ...sample.attempt, response: generation('a\u0000b\u001B[31m\uD800c 😀\tend') };
    const html = await renderReport({ ...report, attempts: [{ ...sample, attempt }] });
    expect(html).toContain('a\uFFFDb\uFFFD[31m\uFFFDc 😀\tend');
  });
});

describe('parts that are missing', () => {
  beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
  afterEach(() => {
    expect(console.warn).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('no iteration: what is known, and that nothing was evaluated', async () => {
    const nothing = { ...sampleReport(), iterations: [], attempts: [], artifacts: [] };
    expect(await ids(nothing)).toEqual(['provenance']);
    expect(await ids({ ...nothing, provenance: {} })).toEqual([]);
    const page = parsePage(await renderReport({ ...nothing, status: 'stopped', reason: 'out of budget' }));
    expect(textOf(byClass(page, 'headline')[0]!)).toBe('No checkpoint was evaluated.');
    expect(textOf(byClass(page, 'reason')[0]!)).toBe('Stopped: out of budget');
  });

  it('an iteration that got part of the way', async () => {
    const report = sampleReport();
    const [first, second] = report.iterations as [RunReport['iterations'][number], RunReport['iterations'][number]];
    const { exploration, stages } = second;
    const page = parsePage(
      await renderReport({
        ...report,
        status: 'running',
        iterations: [first, { iteration: 1, exploration: exploration!, stages }],
      }),
    );
    expect(tableOf(page, 'Accuracy on the test set by iteration')).toHaveLength(2);
    expect(tableOf(page, 'Exploration by iteration')).toHaveLength(2);
    expect(tableOf(page, 'Fine-tunes, with their rows by kind')).toHaveLength(2);
  });

  it('no critic: not a word on one', async () => {
    const html = await renderReport(vanillaReport());
    const page = parsePage(html);
    expect(section(page, 'critic')).toBeUndefined();
    for (const words of byTag(page, 'th').map(textOf)) expect(words).not.toMatch(/critic|critique|refinement/i);
    expect(
      byClass(page, 'legend')
        .flatMap((it) => byTag(it, 'li'))
        .map(textOf),
    ).toEqual([' response only', ' response only', ' accepted without critique']);
    expect(html).not.toContain('var(--with)"'); // as in any mark of a chart
  });

  it('no loss, no level', async () => {
    const report = sampleReport();
    const iterations = report.iterations.map(({ evaluation, exploration, training, ...rest }) => ({
      ...rest,
      training: { ...training!, losses: [] },
      evaluation: { ...evaluation!, byLevel: [] },
      ...(exploration ? { exploration: { ...exploration, byLevel: [] } } : {}),
    }));
    const page = parsePage(await renderReport({ ...report, iterations }));
    expect(section(page, 'levels')).toBeUndefined();
    expect(textOf(section(page, 'training')!)).toContain('No losses were logged.');
    expect(byTag(section(page, 'exploration')!, 'table')).toHaveLength(1);
  });

  it('a single point of loss, and no response at all', async () => {
    const report = sampleReport();
    const iterations = report.iterations.map(({ training, exploration, ...rest }) => ({
      ...rest,
      training: { ...training!, losses: training!.losses.slice(0, 1) },
      ...(exploration ? { exploration: { ...exploration, responses: outcomes(0, 0, 0, 0) } } : {}),
    }));
    const html = await renderReport({ ...report, iterations });
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });
});

/** Where a mark of a chart stands, in pixels from the top. */
function heightOf({ attributes }: { attributes: Record<string, string> }): number {
  return Number(/translate\([\d.]+,([\d.]+)\)/.exec(attributes.transform ?? '')![1]);
}
