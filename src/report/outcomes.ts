import type { Outcome } from '../method/rows.ts';
import type { CriticReport, Outcomes, RunReport } from './data.ts';
import { capital, count, percent } from './format.ts';

/** How the texts of one kind ended, in one iteration. */
export interface TextGroup {
  iteration: number;
  texts: string;
  outcomes: Outcomes;
}

/** Every group of texts that was graded in the run. */
export function textGroups({ iterations }: RunReport): TextGroup[] {
  return iterations.flatMap(({ iteration, exploration, evaluation }) => {
    const groups: [string, Outcomes | undefined][] = [
      ['training responses', exploration?.responses],
      ['training refinements', exploration?.refinements],
      ['test responses', evaluation?.outcomes],
      ['test answers with critic', evaluation?.withCritic?.outcomes],
    ];
    return groups.flatMap(([texts, outcomes]) => (outcomes ? [{ iteration, texts, outcomes }] : []));
  });
}

/** The critic's verdicts on the responses of one set, in one iteration. */
export interface CritiqueGroup {
  iteration: number;
  judged: string;
  report: CriticReport;
}

/** Every group of critiques of the run. */
export function critiqueGroups({ iterations }: RunReport): CritiqueGroup[] {
  return iterations.flatMap(({ iteration, exploration, evaluation }) => {
    const groups: [string, CriticReport | undefined][] = [
      ['training responses', exploration?.critic],
      ['test responses', evaluation?.withCritic?.critic],
    ];
    return groups.flatMap(([judged, report]) => (report ? [{ iteration, judged, report }] : []));
  });
}

export const total = (counts: Outcomes | CriticReport['verdicts']) =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

/** A share above this of texts that never got a judged answer puts the accuracy itself in doubt. */
const NOTABLE = 0.05;

export const isNotable = (n: number, of: number) => n > NOTABLE * of;

export const UNJUDGED = ['unparsed', 'truncated', 'ungraded'] as const satisfies Outcome[];

const MEANING: Record<(typeof UNJUDGED)[number], string> = {
  unparsed: 'without an answer that could be read',
  truncated: 'cut off before an answer',
  ungraded: 'not graded, because the grader failed',
};

/** What a reader must know before believing the numbers: one sentence for each thing that went wrong, naming the iterations. */
export function warnings(report: RunReport): string[] {
  const shares = [...textShares(report), ...verdictShares(report)].filter(({ n, of }) => isNotable(n, of));
  const found = [...new Set(shares.map(({ name }) => name))].map((name) => {
    const said = shares
      .filter((share) => share.name === name)
      .map(({ iteration, n, of }) => `${percent(n / of)} in iteration ${iteration} (${count(n)} of ${count(of)})`);
    return `${name}: ${said.join(', ')}.`;
  });
  return [...report.warnings, ...found];
}

interface Share {
  /** What happened to these texts. */
  name: string;
  n: number;
  of: number;
}

/** Of a kind of texts, how many never got a judged answer, for each way in which that happens. */
export const unjudged = (texts: string, outcomes: Outcomes): Share[] =>
  UNJUDGED.map((outcome) => ({
    name: `${capital(texts)} ${MEANING[outcome]}`,
    n: outcomes[outcome],
    of: total(outcomes),
  }));

const textShares = (report: RunReport): (Share & { iteration: number })[] =>
  textGroups(report).flatMap(({ iteration, texts, outcomes }) =>
    unjudged(texts, outcomes).map((share) => ({ iteration, ...share })),
  );

const verdictShares = (report: RunReport): (Share & { iteration: number })[] =>
  critiqueGroups(report).map(({ iteration, judged, report: { verdicts } }) => ({
    name: `Critiques of ${judged} without a verdict that could be read`,
    iteration,
    n: verdicts.unparsed,
    of: total(verdicts),
  }));
