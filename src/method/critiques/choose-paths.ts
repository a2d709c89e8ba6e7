import { stripPrimer } from '../prompts/index.ts';
import { digest, seedFor } from '../random.ts';
import { type Attempt, type Outcome, type PathOrigin, type PathStrategy, rowKey } from '../rows.ts';
import type { PathRemoval } from './removals.ts';

export type FlawedStrategy = Exclude<PathStrategy, 'right'>;

export interface ChoiceOptions {
  /** At most so many paths of one question. */
  perQuestion: Readonly<Record<PathStrategy, number>>;
  /** At most this share of all that are chosen is right; below 1. */
  rightShare: number;
  /** Shares of the flawed paths, in proportion; without it, as they come. */
  mix?: Readonly<Record<FlawedStrategy, number>>;
  /** At most so many paths in all. */
  paths?: number;
  seed: number;
}

/** A graded path; `sample` is unique among those of its question and strategy. */
export type PathRow = Attempt & { path: PathOrigin };

export interface Choice {
  add(row: PathRow): void;
  /** Why a row that was added is not annotated; null: it is. */
  finish(): (row: PathRow) => PathRemoval | null;
}

interface Candidate {
  strategy: PathStrategy;
  key: string;
  questionId: string;
  text: number;
  rank: number;
}

/**
 * Chooses the paths that are annotated: flawed ones and right ones, each text of a question once (as the strategy that tells most about
 * it), then as many as the caps, the mix and the share of right ones leave. Where there are more, each question's first comes before
 * any question's second, and the seed decides between them. Depends on the rows and the seed, not on their order. Holds no texts.
 * Throws RangeError for a share of right paths that is not from 0 to below 1, and for a mix of nothing.
 */
export function startChoice(options: ChoiceOptions): Choice {
  const { rightShare, mix } = options;
  if (!(rightShare >= 0 && rightShare < 1)) throw new RangeError(`rightShare can't be ${rightShare}`);
  if (mix && !FLAWED.some((strategy) => mix[strategy] > 0)) throw new RangeError('mix has no share above 0');
  const candidates: Candidate[] = [];
  const removed = new Map<string, PathRemoval>();

  return {
    add(row) {
      const { strategy } = row.path;
      const key = keyOf(row);
      const reason = unfit(strategy, row.grade.outcome);
      if (reason) removed.set(key, reason);
      else {
        const text = digest(stripPrimer(row.response.text));
        const rank = seedFor('choose', options.seed, key);
        candidates.push({ strategy, key, questionId: row.question.id, text, rank });
      }
    },
    finish() {
      const { once, again } = distinct(candidates);
      for (const { key } of again) removed.set(key, 'duplicate');
      const chosen = new Set(choose(once, options).map(({ key }) => key));
      for (const { key } of once) if (!chosen.has(key)) removed.set(key, 'over-cap');
      return (row) => removed.get(keyOf(row)) ?? null;
    },
  };
}

/** Of a response that was sampled from scratch. */
export const sampledPath = (outcome: Outcome, temperature: number): PathOrigin => ({
  strategy: outcome === 'correct' ? 'right' : 'RG1',
  errorStep: null,
  mistake: null,
  mistakeModel: null,
  temperature,
  prefixSource: null,
});

const keyOf = (row: PathRow) => `${row.path.strategy}/${rowKey(row)}`;

function unfit(strategy: PathStrategy, outcome: Outcome): PathRemoval | null {
  if (outcome === 'correct') return strategy === 'right' ? null : 'not-flawed';
  return outcome === 'wrong' ? null : outcome;
}

const MOST_KNOWN: readonly PathStrategy[] = ['RG3', 'RG2', 'RG1', 'right'];

function distinct(candidates: readonly Candidate[]): { once: Candidate[]; again: Candidate[] } {
  const sorted = [...candidates].sort(
    (a, b) => MOST_KNOWN.indexOf(a.strategy) - MOST_KNOWN.indexOf(b.strategy) || byRank(a, b),
  );
  const seen = new Set<string>();
  const [once, again]: [Candidate[], Candidate[]] = [[], []];
  for (const candidate of sorted) {
    const text = `${candidate.text}/${candidate.questionId}`;
    (seen.has(text) ? again : once).push(candidate);
    seen.add(text);
  }
  return { once, again };
}

function choose(candidates: readonly Candidate[], options: ChoiceOptions): Candidate[] {
  const { perQuestion, rightShare, paths = candidates.length } = options;
  const of = Object.fromEntries(
    MOST_KNOWN.map((strategy) => [
      strategy,
      inTurns(
        candidates.filter((it) => it.strategy === strategy),
        perQuestion[strategy],
      ),
    ]),
  ) as Record<PathStrategy, InTurn[]>;

  const wantedRight = Math.min(of.right.length, wholeOf(paths * rightShare));
  const flawed = chooseFlawed(of, options, paths - wantedRight);
  const right = of.right.slice(0, wholeOf((flawed.length * rightShare) / (1 - rightShare)));
  return [...flawed, ...right.slice(0, paths - flawed.length)];
}

function chooseFlawed(of: Record<PathStrategy, InTurn[]>, { mix }: ChoiceOptions, most: number): InTurn[] {
  if (!mix) return [...of.RG1, ...of.RG2, ...of.RG3].sort(byTurn).slice(0, most);
  const sum = mix.RG1 + mix.RG2 + mix.RG3;
  const shares = FLAWED.map((strategy) => ({ strategy, share: mix[strategy] / sum })).filter(({ share }) => share > 0);
  const possible = Math.min(most, ...shares.map(({ strategy, share }) => of[strategy].length / share));
  return shares.flatMap(({ strategy, share }) => of[strategy].slice(0, wholeOf(possible * share)));
}

const FLAWED = ['RG1', 'RG2', 'RG3'] as const;

/** The whole number at or below, where a product such as 0.1 * 3 / 0.3 may have missed it by its rounding. */
const wholeOf = (n: number) => Math.floor(n + 1e-9);

type InTurn = Candidate & { turn: number };

/** Each question's first, then each one's second, and so on up to `most`. */
function inTurns(candidates: readonly Candidate[], most: number): InTurn[] {
  const turns = new Map<string, number>();
  return [...candidates]
    .sort(byRank)
    .map((candidate) => {
      const turn = turns.get(candidate.questionId) ?? 0;
      turns.set(candidate.questionId, turn + 1);
      return { ...candidate, turn };
    })
    .filter(({ turn }) => turn < most)
    .sort(byTurn);
}

const byRank = (a: Candidate, b: Candidate) => a.rank - b.rank || (a.key < b.key ? -1 : 1);
const byTurn = (a: InTurn, b: InTurn) => a.turn - b.turn || byRank(a, b);
