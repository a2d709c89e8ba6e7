import { type Proportion, proportion } from '../estimate.ts';
import type { Level } from '../rows.ts';
import { TALK_REMOVALS, type TalkRemoval, type TalkRow } from './verify.ts';

export interface TalkCounts {
  chains: number;
  /** The critic found nothing wrong any more. */
  errorFree: number;
  /** One text with the right answer: kept, or left out for others of its question. */
  right: number;
  kept: number;
}

export interface TalkStatistics extends TalkCounts {
  questions: number;
  /** Chains that became a text with the right answer. */
  yield: Proportion;
  /** By how often chains were written again, ascending. */
  byRewrites: (TalkCounts & { rewrites: number })[];
  /** Ascending; null: without a level. */
  byLevel: (TalkCounts & { level: Level | null })[];
  /** Means of those kept; null where there are none. */
  means: { steps: number; rewrites: number; characters: number } | null;
  /** Why the others were not, those of no row left out. */
  removed: { reason: TalkRemoval; rows: number }[];
}

/** Counts the chains of a run, row by row, those of a question one after the other. */
export function startTalkStatistics() {
  const all = none();
  let questions = 0;
  let last: string | null = null;
  const byRewrites = new Map<number, TalkCounts>();
  const byLevel = new Map<Level | null, TalkCounts>();
  const removed = new Map<TalkRemoval, number>();
  const sums = { steps: 0, rewrites: 0, characters: 0 };

  return {
    add({ question, chain, talk }: TalkRow, reason: TalkRemoval | null): void {
      if (question.id !== last) questions++;
      last = question.id;
      const counts = [all, entry(byRewrites, chain.rewrites), entry(byLevel, question.level ?? null)];
      for (const count of counts) {
        count.chains++;
        if (chain.end === 'error-free') count.errorFree++;
        if (reason === null || reason === 'duplicate' || reason === 'over-cap') count.right++;
        if (reason === null) count.kept++;
      }
      if (reason !== null) {
        removed.set(reason, (removed.get(reason) ?? 0) + 1);
        return;
      }
      sums.steps += chain.segments.length;
      sums.rewrites += chain.rewrites;
      sums.characters += talk!.text.length;
    },

    summary(): TalkStatistics {
      const mean = (sum: number) => sum / all.kept;
      const reasons = Object.keys(TALK_REMOVALS) as TalkRemoval[];
      return {
        questions,
        ...all,
        yield: proportion(all.right, all.chains),
        byRewrites: sorted(byRewrites).map(([rewrites, counts]) => ({ rewrites, ...counts })),
        byLevel: sorted(byLevel).map(([level, counts]) => ({ level, ...counts })),
        means:
          all.kept === 0
            ? null
            : { steps: mean(sums.steps), rewrites: mean(sums.rewrites), characters: mean(sums.characters) },
        removed: reasons.flatMap((reason) => {
          const rows = removed.get(reason);
          return rows === undefined ? [] : [{ reason, rows }];
        }),
      };
    },
  };
}

const none = (): TalkCounts => ({ chains: 0, errorFree: 0, right: 0, kept: 0 });

function entry<Key>(counts: Map<Key, TalkCounts>, key: Key): TalkCounts {
  const found = counts.get(key) ?? none();
  counts.set(key, found);
  return found;
}

const sorted = <Key extends number | null>(counts: Map<Key, TalkCounts>) =>
  [...counts].sort(([a], [b]) => (a ?? 0) - (b ?? 0));
