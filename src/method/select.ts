import type { ExploredQuestion } from './exploration.ts';
import { isIncorrect } from './gates.ts';
import { type Prompt, type PromptFamilyName, stripPrimer } from './prompts/index.ts';
import { digest, randomFrom, seedFor, shuffle } from './random.ts';
import type { Level, Question, RefinementTriple } from './rows.ts';
import { goldResponse, refineRow, type SftKind, type SftRow, solveRow } from './sft.ts';
import { passesShortcutBarrier } from './shortcut.ts';

export interface SelectOptions {
  promptFamily: PromptFamilyName;
  /** Train on D_reason. */
  original: boolean;
  /** Train on what earlier iterations accepted. */
  previous: boolean;
  /** Train on D_refine. */
  refine: boolean;
  /** Train on accepted refinements with their critiques too, (x, y, c) to y'. */
  selfImproveFeedback: boolean;
  /** Expected number of copies of each D_refine row: 1 is once, 0.5 a seeded half of them, 2 twice. */
  beta: number;
  /** At most so many refinements of one critique. */
  keptPerCritique: number;
  shortcutBarrier: boolean;
  /** At most so many plain pairs of one question from this iteration, right responses first; without it, all. */
  perQuestion?: number;
  seed: number;
}

export interface SelectionCounts extends Record<SftKind, number> {
  /** Rows of earlier iterations. */
  previous: number;
  /** All rows to train on. */
  total: number;
  /** correct + refined: what this iteration found itself. */
  accepted: number;
  /** The accepted rows by their question's level, where it has one; ascending. */
  acceptedByLevel: { level: Level; correct: number; refined: number }[];
  /** Right rows that were not taken, by their reason. */
  duplicates: number;
  overCap: number;
  shortcuts: number;
}

/** A right row that is not trained on. */
export interface RemovedRow {
  /** Same text as another, over a cap, or stopped by the shortcut barrier. */
  reason: 'duplicate' | 'over-cap' | 'shortcut';
  kind: SftKind;
  questionId: string;
  /** What would have been learnt. */
  text: string;
}

/** A row to train on, and where it stands among all of a selection before they are shuffled. */
export interface PlacedRow {
  place: readonly (number | string)[];
  row: SftRow;
}

/** What one question or row gives: what is trained on, and the right rows that are not. */
export interface Chosen {
  taken: PlacedRow[];
  removed: RemovedRow[];
}

/**
 * Takes rows one at a time: first D_reason, earlier rows and D_refine, then what was explored. Among each, the order does not matter:
 * the result depends on the rows and the seed alone.
 */
export interface Selection {
  /** A question of D_reason. */
  reason(question: Question): Chosen;
  /** A row that an earlier iteration trained on; only what it found itself is taken. */
  previous(row: SftRow): Chosen;
  refine(triple: RefinementTriple): Chosen;
  /** Once all of D_refine was taken, each triple again: the copy that it has for the fraction of beta. */
  refineAgain(triple: RefinementTriple): Chosen;
  explored(rows: Pick<ExploredQuestion, 'responses' | 'refinements'>): Chosen;
  readonly counts: SelectionCounts;
  /**
   * All rows are shuffled, so many parts at a time as memory asks for: which part a row is in, and the shuffled rows of a part. The parts
   * come one after the other, when all rows are there.
   */
  partOf(row: PlacedRow, parts: number): number;
  shuffle(part: PlacedRow[]): SftRow[];
}

/** A right solution that waits for the caps. */
interface Candidate {
  kind: 'correct' | 'refined';
  question: Question;
  solution: string;
  /** Sample, critique index, refinement index: earlier ones are taken first. */
  order: [number, number, number];
  /** What a refinement came from, where that is trained on. */
  from?: { response: string; critique: string };
}

/**
 * Assembles what one iteration trains on: D_reason, this iteration's right responses and right refinements of incorrect ones, and beta
 * times D_refine (method.md E1). A row without a right answer contributes nothing. Equal solutions of a question count once. Holds a
 * number for each row that was not explored. Throws RangeError for a beta or a cap below 0.
 */
export function startSelection(options: SelectOptions): Selection {
  const { promptFamily: family, beta, keptPerCritique, perQuestion = Number.POSITIVE_INFINITY } = options;
  for (const [name, value] of Object.entries({ beta, keptPerCritique, perQuestion }))
    if (!(value >= 0)) throw new RangeError(`${name} can't be ${value}`);

  const counts = noCounts();
  const random = randomFrom(options.seed);
  /** Digests of the rows that were not explored, and those of D_refine by themselves. */
  const seen = new Set<number>();
  const triples: number[] = [];
  /** Of D_refine: those that have a copy for the fraction of beta, and in which order. */
  let ranks: Map<number, number> | null = null;

  const isNew = (row: SftRow) => {
    const size = seen.size;
    return seen.add(digestOf(row)).size > size;
  };
  const count = (what: SftKind | 'previous') => {
    counts[what]++;
    counts.total++;
  };
  const rankOf = (triple: number) => {
    if (!ranks) {
      const shuffled = shuffle(triples.sort(ascending), random);
      ranks = new Map(shuffled.slice(0, Math.round((beta % 1) * triples.length)).map((each, rank) => [each, rank]));
    }
    return ranks.get(triple);
  };

  function candidatesOf({ responses, refinements }: Parameters<Selection['explored']>[0], removed: RemovedRow[]) {
    const candidates: Candidate[] = [];
    for (const { question, sample, response, grade } of responses) {
      if (grade.outcome !== 'correct') continue;
      candidates.push({ kind: 'correct', question, solution: stripPrimer(response.text), order: [sample, 0, 0] });
    }
    for (const row of refinements) {
      const { question, sample, response, critique, refinement } = row;
      if (!critique || refinement?.grade.outcome !== 'correct' || !isIncorrect(row)) continue;
      const solution = stripPrimer(refinement.text);
      if (options.shortcutBarrier && !passesShortcutBarrier(solution, response.text, question.solution)) {
        removed.push({ reason: 'shortcut', kind: 'refined', questionId: question.id, text: solution });
        continue;
      }
      candidates.push({
        kind: 'refined',
        question,
        solution,
        order: [sample, critique.index, refinement.index],
        ...(options.selfImproveFeedback && { from: { response: response.text, critique: critique.text } }),
      });
    }
    return candidates.sort(byPrecedence);
  }

  return {
    counts,
    reason(question) {
      const solution = options.original ? goldResponse(question) : null;
      const row = solution === null ? null : solveRow(family, 'reason', question, solution);
      if (!row || !isNew(row)) return nothing();
      count('reason');
      return { taken: [{ place: [PLACES.reason, question.id], row }], removed: [] };
    },
    previous(row) {
      if (!options.previous || row.kind === 'reason' || row.kind === 'refine') return nothing();
      if (isNew(row)) {
        count('previous');
        return { taken: [{ place: [PLACES.previous, digestOf(row)], row }], removed: [] };
      }
      counts.duplicates++;
      const { kind, questionId } = row;
      return { taken: [], removed: [{ reason: 'duplicate', kind, questionId, text: textOf(row.completion) }] };
    },
    refine(triple) {
      const row = refineRow(family, 'refine', triple);
      if (!options.refine || !isNew(row)) return nothing();
      const digest = digestOf(row);
      triples.push(digest);
      const taken: PlacedRow[] = [];
      for (let copy = 1; copy <= beta; copy++) {
        count('refine');
        taken.push({ place: [PLACES.refine, copy, digest], row });
      }
      return { taken, removed: [] };
    },
    refineAgain(triple) {
      const row = refineRow(family, 'refine', triple);
      const rank = rankOf(digestOf(row));
      if (rank === undefined) return nothing();
      ranks!.delete(digestOf(row));
      count('refine');
      return { taken: [{ place: [PLACES.refineAgain, rank], row }], removed: [] };
    },
    explored(rows) {
      const chosen = nothing();
      const { taken, removed } = chosen;
      const ofCritique = new Map<string, number>();
      const found = new Set<number>();
      for (const { kind, question, solution, order, from } of candidatesOf(rows, removed)) {
        const critique = `${order[0]}/${order[1]}`;
        const kept = ofCritique.get(critique) ?? 0;
        const rejected = { kind, questionId: question.id, text: solution };
        if ((kind === 'refined' && kept >= keptPerCritique) || found.size >= perQuestion) {
          removed.push({ reason: 'over-cap', ...rejected });
          continue;
        }
        const row = solveRow(family, kind, question, solution);
        const digest = digestOf(row);
        if (seen.has(digest) || found.has(digest)) {
          removed.push({ reason: 'duplicate', ...rejected });
          continue;
        }
        found.add(digest);
        const place = [PLACES[kind], question.id, ...order];
        taken.push({ place, row });
        count(kind);
        counts.accepted++;
        if (question.level) countLevel(counts.acceptedByLevel, question.level, kind);
        if (kind === 'refined') ofCritique.set(critique, kept + 1);
        if (!from) continue;
        count('feedback');
        const feedback = refineRow(family, 'feedback', { question, ...from, refinement: solution });
        taken.push({ place: [...place, 'feedback'], row: feedback });
      }
      for (const { reason } of removed) counts[COUNT_OF[reason]]++;
      return chosen;
    },
    partOf: ({ place }, parts) => seedFor(options.seed, ...place) % parts,
    shuffle: (part) => shuffle(part.sort(byPlace), random).map(({ row }) => row),
  };
}

/** What stands before what. */
const PLACES = { reason: 0, previous: 1, correct: 2, refined: 3, refine: 4, refineAgain: 5 };

const COUNT_OF = { duplicate: 'duplicates', 'over-cap': 'overCap', shortcut: 'shortcuts' } as const;

const nothing = (): Chosen => ({ taken: [], removed: [] });

const textOf = (completion: Prompt) =>
  typeof completion === 'string' ? completion : completion.map(({ content }) => content).join('\n');

function noCounts(): SelectionCounts {
  const kinds = { reason: 0, refine: 0, correct: 0, refined: 0, feedback: 0, previous: 0 };
  return { ...kinds, total: 0, accepted: 0, acceptedByLevel: [], duplicates: 0, overCap: 0, shortcuts: 0 };
}

const digestOf = ({ questionId, prompt, completion }: SftRow) =>
  digest(JSON.stringify([questionId, prompt, completion]));

const ascending = (a: number, b: number) => a - b;

/** Right responses before refinements, then by key. */
function byPrecedence(a: Candidate, b: Candidate): number {
  if (a.kind !== b.kind) return a.kind === 'correct' ? -1 : 1;
  const [sample, critique, refinement] = a.order.map((part, index) => part - b.order[index]!);
  return sample! || critique! || refinement!;
}

/** Of two places that begin alike the shorter comes first. */
function byPlace({ place: a }: PlacedRow, { place: b }: PlacedRow): number {
  const differ = a.findIndex((part, index) => part !== b[index]);
  if (differ < 0) return a.length - b.length;
  const other = b[differ];
  return other === undefined || a[differ]! > other ? 1 : -1;
}

function countLevel(byLevel: SelectionCounts['acceptedByLevel'], level: Level, kind: 'correct' | 'refined'): void {
  let counts = byLevel.find((entry) => entry.level === level);
  if (!counts) {
    counts = { level, correct: 0, refined: 0 };
    byLevel.push(counts);
    byLevel.sort((a, b) => a.level - b.level);
  }
  counts[kind]++;
}
