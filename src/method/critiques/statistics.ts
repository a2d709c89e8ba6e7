import { parseCritique } from '../critique.ts';
import { verdictAgrees } from '../critique-counts.ts';
import { type Proportion, proportion } from '../estimate.ts';
import type { Level, PathStrategy } from '../rows.ts';
import { locationAgrees } from './check-annotation.ts';
import type { PathRow } from './choose-paths.ts';
import type { AnnotatedRow } from './dataset-row.ts';
import type { Filtered } from './filter.ts';
import type { PathPlan } from './plan-paths.ts';
import { filterRemoval, type PathRemoval, REMOVALS, type Removal } from './removals.ts';

export interface CritiqueCounts {
  /** Candidates: sampled or continued paths. */
  made: number;
  /** Of them, with a wrong answer. */
  flawed: number;
  /** Chosen to be annotated. */
  chosen: number;
  /** Critiques that the annotator was asked for. */
  annotated: number;
  /** Critiques without a problem. */
  passed: number;
  /** Critiques that the filter kept. */
  kept: number;
  /** kept / annotated. */
  yield: Proportion;
  /** Mean share of right refinements of the critiques that passed; null where none was refined. */
  meanSoft: number | null;
}

export interface CritiqueStatistics {
  total: CritiqueCounts;
  byStrategy: ({ strategy: PathStrategy } & CritiqueCounts)[];
  /** The easiest first; null where questions have none. */
  byLevel: ({ level: Level | null } & CritiqueCounts)[];
  byLevelAndStrategy: ({ level: Level | null; strategy: PathStrategy } & CritiqueCounts)[];
  /** Every reason that removed something, in the order in which they are looked for. */
  removed: (Removal & { count: number; byStrategy: Record<PathStrategy, number> })[];
  /** Of the critiques that passed and were refined: how many had 0, 1, ... N of N refinements right. */
  softLabels: number[];
  /** Of the annotator, over all critiques in the format, before anything is removed for it. */
  agreement: {
    /** Its verdict with the oracle's. */
    verdict: Proportion;
    /** The first step that it calls wrong with what is known about the path. */
    location: Proportion;
  };
  /** Planted mistakes of kept RG3 critiques, the most frequent first. */
  mistakes: { mistake: string; kept: number }[];
  /** Mean of the kept ones; null without any. */
  stepsPerCritique: number | null;
  /** Share of the kept ones that are of right paths. */
  right: Proportion;
}

export interface StatisticsTaker {
  /** Every candidate, with the reason why it was not chosen. */
  path(row: PathRow, removal: PathRemoval | null): void;
  /** A plan for which no mistake was written. */
  withoutMistake(plan: PathPlan): void;
  /** Every critique. */
  annotation(row: AnnotatedRow): void;
  /** Every critique that passed, with what the filter makes of it. */
  filtered(row: AnnotatedRow, filtered: Filtered): void;
  summary(): CritiqueStatistics;
}

const STRATEGIES: readonly PathStrategy[] = ['RG1', 'RG2', 'RG3', 'right'];

/** @param refinements N of the filter; 0 without one */
export function startStatistics({ refinements }: { refinements: number }): StatisticsTaker {
  const cells = new Map<string, Cell>();
  const removed = new Map<string, Record<PathStrategy, number>>();
  const softLabels: number[] = refinements > 0 ? Array(refinements + 1).fill(0) : [];
  const agreement = { verdict: { agreed: 0, n: 0 }, location: { agreed: 0, n: 0 } };
  const mistakes = new Map<string, number>();
  let steps = 0;

  const cellOf = ({ question, path: { strategy } }: PathRow) => {
    const level = question.level ?? null;
    const key = `${level}/${strategy}`;
    const cell = cells.get(key) ?? noCell(level, strategy);
    cells.set(key, cell);
    return cell;
  };
  const remove = (strategy: PathStrategy, removal: Removal) => {
    const key = `${removal.stage}/${removal.reason}`;
    const counts = removed.get(key) ?? { RG1: 0, RG2: 0, RG3: 0, right: 0 };
    removed.set(key, counts);
    counts[strategy]++;
  };
  const agree = (count: { agreed: number; n: number }, agrees: boolean | null) => {
    if (agrees === null) return;
    count.n++;
    if (agrees) count.agreed++;
  };

  return {
    path(row, reason) {
      const cell = cellOf(row);
      cell.made++;
      if (row.grade.outcome === 'wrong') cell.flawed++;
      if (reason === null) cell.chosen++;
      else remove(row.path.strategy, { stage: 'path', reason });
    },
    withoutMistake: ({ strategy }) => remove(strategy, { stage: 'path', reason: 'no-mistake' }),
    annotation(row) {
      const { path, grade, critique } = row;
      const cell = cellOf(row);
      cell.annotated++;
      if (critique.verdict !== 'unparsed') {
        agree(agreement.verdict, verdictAgrees(grade.outcome, critique.verdict));
        agree(agreement.location, locationAgrees(path, critique.firstWrongStep));
      }
      const { problem: reason } = critique.annotation;
      if (reason === null) cell.passed++;
      else remove(path.strategy, { stage: 'annotation', reason });
    },
    filtered(row, filtered) {
      const { path, critique } = row;
      const cell = cellOf(row);
      if (filtered.soft !== null) {
        cell.refined++;
        cell.soft += filtered.soft;
        softLabels[Math.round(filtered.soft * refinements)]!++;
      }
      const reason = filterRemoval(filtered);
      if (reason) remove(path.strategy, { stage: 'filter', reason });
      if (!filtered.keep) return;
      cell.kept++;
      steps += parseCritique(critique.text).steps.length;
      if (path.mistake !== null) mistakes.set(path.mistake, (mistakes.get(path.mistake) ?? 0) + 1);
    },
    summary() {
      const all = [...cells.values()].sort(
        (a, b) =>
          (a.level ?? Number.POSITIVE_INFINITY) - (b.level ?? Number.POSITIVE_INFINITY) ||
          STRATEGIES.indexOf(a.strategy) - STRATEGIES.indexOf(b.strategy),
      );
      const strategies = STRATEGIES.filter((strategy) => all.some((cell) => cell.strategy === strategy));
      const levels = [...new Set(all.map(({ level }) => level))];
      const total = countsOf(all);
      return {
        total,
        byStrategy: strategies.map((strategy) => ({
          strategy,
          ...countsOf(all.filter((cell) => cell.strategy === strategy)),
        })),
        byLevel: levels.map((level) => ({ level, ...countsOf(all.filter((cell) => cell.level === level)) })),
        byLevelAndStrategy: all.map((cell) => ({
          level: cell.level,
          strategy: cell.strategy,
          ...countsOf([cell]),
        })),
        removed: REMOVALS.flatMap((removal) => {
          const byStrategy = removed.get(`${removal.stage}/${removal.reason}`);
          return byStrategy
            ? [{ ...removal, count: sum(Object.values(byStrategy)), byStrategy: { ...byStrategy } }]
            : [];
        }),
        softLabels: [...softLabels],
        agreement: {
          verdict: proportion(agreement.verdict.agreed, agreement.verdict.n),
          location: proportion(agreement.location.agreed, agreement.location.n),
        },
        mistakes: [...mistakes]
          .map(([mistake, kept]) => ({ mistake, kept }))
          .sort((a, b) => b.kept - a.kept || (a.mistake < b.mistake ? -1 : 1)),
        stepsPerCritique: total.kept === 0 ? null : steps / total.kept,
        right: proportion(sum(all.filter((cell) => cell.strategy === 'right').map(({ kept }) => kept)), total.kept),
      };
    },
  };
}

interface Cell extends Omit<CritiqueCounts, 'yield' | 'meanSoft'> {
  level: Level | null;
  strategy: PathStrategy;
  /** Critiques with a soft label, and the sum of these. */
  refined: number;
  soft: number;
}

const noCell = (level: Level | null, strategy: PathStrategy): Cell => ({
  level,
  strategy,
  made: 0,
  flawed: 0,
  chosen: 0,
  annotated: 0,
  passed: 0,
  kept: 0,
  refined: 0,
  soft: 0,
});

function countsOf(cells: readonly Cell[]): CritiqueCounts {
  const total = (count: (cell: Cell) => number) => sum(cells.map(count));
  const [annotated, kept, refined] = [total((it) => it.annotated), total((it) => it.kept), total((it) => it.refined)];
  return {
    made: total((it) => it.made),
    flawed: total((it) => it.flawed),
    chosen: total((it) => it.chosen),
    annotated,
    passed: total((it) => it.passed),
    kept,
    yield: proportion(kept, annotated),
    meanSoft: refined === 0 ? null : total((it) => it.soft) / refined,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
