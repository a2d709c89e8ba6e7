import type { Measure } from '../../../method/supervision/summary.ts';
import { around } from '../../charts/shares.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Axis, type Curve, curves } from '../charts/curves.ts';
import { key, type Line, lineName, lookOf } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { type Measured, tokens } from '../numbers.ts';
import { conditionsOf, measuresOf } from '../strategies.ts';

/** Some lines that are compared in one figure: on the left against the number of texts, on the right against tokens. */
interface Figure {
  title: string;
  lines: { line: Line; measures: Measure[] }[];
  /** What the axis on the left counts. */
  counts: { title: string; of: (measure: Measure) => number };
}

/** Accuracy against samples and against tokens per question (method.md D6, D7). */
export async function scaling({ summary }: SupervisionReport): Promise<Markup | null> {
  const figures = figuresOf(summary).filter(({ lines }) => lines.length > 0);
  if (figures.length === 0) return null;
  const scores = figures.flatMap(({ lines }) => lines.flatMap(({ measures }) => measures.map(({ score }) => score)));
  const domain = around(scores);
  return html`
<section id="scaling"><h2>Scaling with samples and tokens</h2>
<p>Accuracy of the vote of k samples: response only, and where each sample is critiqued and refined before the vote. Shaded are ${CONFIDENCE} intervals, over questions.
The first chart of a pair counts samples or generations, the second every token that is read and written, for critiques and refinements too: that is the fair comparison. All axes of accuracy are the same.
${summary.measures.some(({ gate }) => gate === 'oracle') ? 'The oracle\u2019s gate looks at the reference: a bound, not a method.' : null}</p>
${await Promise.all(figures.map((figure) => drawn(figure, domain)))}
</section>`;
}

function figuresOf(summary: SupervisionReport['summary']): Figure[] {
  const all = (lines: Line[]) =>
    lines
      .map((line) => ({ line, measures: measuresOf(summary, line.method, line) }))
      .map(({ line, measures }) => ({ line, measures: line.method === 'maj' ? fromOne(measures, line) : measures }))
      .filter(({ measures }) => measures.length > 0);
  /** The vote of one sample is that sample. */
  const fromOne = (votes: Measure[], line: Line) =>
    votes.length === 0 || votes[0]!.k === 1 ? votes : [...measuresOf(summary, 'sampled', line), ...votes];

  const alone: Line = { method: 'maj', reviewer: null, gate: null };
  const reviewed = conditionsOf([...measuresOf(summary, 'maj'), ...measuresOf(summary, 'best')]);
  const reviewers = (['critic', 'self'] as const).filter((name) => reviewed.some(({ reviewer }) => reviewer === name));
  const samples = { title: 'samples k', of: ({ k }: Measure) => k };
  const parallel = reviewers.map((reviewer) => ({
    title: reviewer === 'critic' ? 'With critic' : 'Self-correction',
    lines: all([
      alone,
      ...reviewed
        .filter((it) => it.reviewer === reviewer && it.gate !== null)
        .map((it): Line => ({ method: 'maj', ...it })),
      { method: 'best', reviewer, gate: null },
    ]),
    counts: samples,
  }));
  const chains = conditionsOf(measuresOf(summary, 'sequential-vote')).map((condition) => ({
    title: `Rounds in sequence against samples in parallel, gate ${condition.gate}`,
    lines: all([
      alone,
      { method: 'maj', ...condition },
      { method: 'sequential-vote', ...condition },
      { method: 'sequential-last', ...condition },
    ]),
    counts: { title: 'generations per question', of: ({ use }: Measure) => use.generations },
  }));
  if (reviewers.length === 0) return [{ title: 'Response only', lines: all([alone]), counts: samples }, ...chains];
  return [...parallel, ...chains];
}

async function drawn({ title, lines, counts }: Figure, domain: [number, number]): Promise<Markup> {
  const against = (of: (measure: Measure) => number): Curve[] =>
    lines.map(({ line, measures }) => ({
      name: lineName(line),
      look: lookOf(line),
      points: measures.map((measure) => ({ ...(measure.score as Measured), x: of(measure) })).filter(({ x }) => x > 0),
    }));
  const byCount = against(counts.of);
  const drawings = await Promise.all([
    figure(byCount, { title: counts.title, base: 2 }, domain),
    figure(
      against(({ use }) => tokens(use)),
      { title: 'tokens per question, read and written', base: 10 },
      domain,
    ),
  ]);
  return html`
<h3>${title}</h3>
${key(byCount, 'points')}
<div class="pair">${drawings}</div>`;
}

/** Where nothing is known of what the lines take, there is nothing to draw. */
async function figure(lines: Curve[], x: Axis, domain: [number, number]): Promise<Markup | null> {
  if (lines.every(({ points }) => points.length === 0)) return null;
  return html`<figure>${await curves('Accuracy', x, lines, domain)}</figure>`;
}
