import { isIncorrect } from './gates.ts';
import { type Prompt, type PromptFamilyName, stripPrimer } from './prompts/index.ts';
import { digest, randomFrom, shuffle } from './random.ts';
import type { Attempt, Level, Question, RefinementTriple } from './rows.ts';
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

/** Takes rows one at a time; the result depends on the rows and the seed, not on their order. */
export interface Selection {
  /** A question of D_reason. */
  question(question: Question): void;
  triple(triple: RefinementTriple): void;
  response(row: Attempt): void;
  refinement(row: Attempt): void;
  /** A row that an earlier iteration trained on; only what it found itself is taken. */
  previous(row: SftRow): void;
  /** The shuffled rows, each written when it is read, how many of each kind, and what was left out. */
  finish(): { rows: Iterable<SftRow>; counts: SelectionCounts; removed: RemovedRow[] };
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
 * times D_refine (method.md E1). A row without a right answer contributes nothing. Equal solutions of a question count once. Holds the
 * right rows in memory, never the others. Throws RangeError for a beta or a cap below 0.
 */
export function startSelection(options: SelectOptions): Selection {
  const { promptFamily: family, beta, keptPerCritique, perQuestion = Number.POSITIVE_INFINITY } = options;
  for (const [name, value] of Object.entries({ beta, keptPerCritique, perQuestion }))
    if (!(value >= 0)) throw new RangeError(`${name} can't be ${value}`);

  const gold: Question[] = [];
  const triples: RefinementTriple[] = [];
  const earlier: SftRow[] = [];
  const candidates: Candidate[] = [];
  const questions = new Map<string, Question>();
  const seen = new Set<number>();
  const taken: (() => SftRow)[] = [];
  const counts = noCounts();
  const removed: RemovedRow[] = [];

  /** One object per question, however many rows repeat it. */
  const shared = (question: Question) => {
    const known = questions.get(question.id);
    if (!known) questions.set(question.id, question);
    return known ?? question;
  };
  const isNew = (row: SftRow) => {
    const size = seen.size;
    return seen.add(digestOf(row)).size > size;
  };
  const remove = (reason: RemovedRow['reason'], row: Omit<RemovedRow, 'reason'>) => {
    counts[COUNT_OF[reason]]++;
    removed.push({ reason, ...row });
  };
  const take = (count: SftKind | 'previous', write: () => SftRow) => {
    taken.push(write);
    counts[count]++;
    counts.total++;
  };

  function takeGold() {
    for (const question of gold.sort((a, b) => compareText(a.id, b.id))) {
      const solution = goldResponse(question);
      if (solution === null) continue;
      const write = () => solveRow(family, 'reason', question, solution);
      if (isNew(write())) take('reason', write);
    }
  }

  function takeEarlier() {
    for (const row of sortedByDigest(earlier)) {
      if (isNew(row)) take('previous', () => row);
      else remove('duplicate', { kind: row.kind, questionId: row.questionId, text: textOf(row.completion) });
    }
  }

  function takeFound() {
    const ofCritique = new Map<string, number>();
    const ofQuestion = new Map<string, number>();
    for (const { kind, question, solution, order, from } of candidates.sort(byPrecedence)) {
      const critique = `${question.id}/${order[0]}/${order[1]}`;
      const kept = ofCritique.get(critique) ?? 0;
      const found = ofQuestion.get(question.id) ?? 0;
      if ((kind === 'refined' && kept >= keptPerCritique) || found >= perQuestion) {
        remove('over-cap', { kind, questionId: question.id, text: solution });
        continue;
      }
      const write = () => solveRow(family, kind, question, solution);
      if (!isNew(write())) {
        remove('duplicate', { kind, questionId: question.id, text: solution });
        continue;
      }
      take(kind, write);
      counts.accepted++;
      ofQuestion.set(question.id, found + 1);
      if (question.level) countLevel(counts.acceptedByLevel, question.level, kind);
      if (kind === 'refined') ofCritique.set(critique, kept + 1);
      if (from) take('feedback', () => refineRow(family, 'feedback', { question, ...from, refinement: solution }));
    }
  }

  function takeRefine(random: ReturnType<typeof randomFrom>) {
    const rows = sortedByDigest(triples.map((triple) => refineRow(family, 'refine', triple)).filter(isNew));
    for (let copy = 1; copy <= beta; copy++) for (const row of rows) take('refine', () => row);
    const part = Math.round((beta % 1) * rows.length);
    for (const row of shuffle(rows, random).slice(0, part)) take('refine', () => row);
  }

  return {
    question(question) {
      if (options.original) gold.push(shared(question));
    },
    triple(triple) {
      if (options.refine) triples.push(triple);
    },
    previous(row) {
      if (options.previous && row.kind !== 'reason' && row.kind !== 'refine') earlier.push(row);
    },
    response({ question, sample, response, grade }) {
      if (grade.outcome !== 'correct') return;
      const solution = stripPrimer(response.text);
      candidates.push({ kind: 'correct', question: shared(question), solution, order: [sample, 0, 0] });
    },
    refinement(row) {
      const { question, sample, response, critique, refinement } = row;
      if (!critique || refinement?.grade.outcome !== 'correct' || !isIncorrect(row)) return;
      const solution = stripPrimer(refinement.text);
      if (options.shortcutBarrier && !passesShortcutBarrier(solution, response.text, question.solution)) {
        remove('shortcut', { kind: 'refined', questionId: question.id, text: solution });
        return;
      }
      candidates.push({
        kind: 'refined',
        question: shared(question),
        solution,
        order: [sample, critique.index, refinement.index],
        ...(options.selfImproveFeedback && { from: { response: response.text, critique: critique.text } }),
      });
    },
    finish() {
      const random = randomFrom(options.seed);
      takeGold();
      takeEarlier();
      takeFound();
      takeRefine(random);
      const shuffled = shuffle(taken, random);
      return { rows: { [Symbol.iterator]: () => written(shuffled) }, counts, removed: removed.sort(byText) };
    },
  };
}

const COUNT_OF = { duplicate: 'duplicates', 'over-cap': 'overCap', shortcut: 'shortcuts' } as const;

const textOf = (completion: Prompt) =>
  typeof completion === 'string' ? completion : completion.map(({ content }) => content).join('\n');

const byText = (a: RemovedRow, b: RemovedRow) =>
  compareText(a.questionId, b.questionId) || compareText(a.reason, b.reason) || compareText(a.text, b.text);

function* written(writers: (() => SftRow)[]): Generator<SftRow> {
  for (const write of writers) yield write();
}

function noCounts(): SelectionCounts {
  const kinds = { reason: 0, refine: 0, correct: 0, refined: 0, feedback: 0, previous: 0 };
  return { ...kinds, total: 0, accepted: 0, acceptedByLevel: [], duplicates: 0, overCap: 0, shortcuts: 0 };
}

const digestOf = ({ questionId, prompt, completion }: SftRow) =>
  digest(JSON.stringify([questionId, prompt, completion]));

function sortedByDigest(rows: SftRow[]): SftRow[] {
  return rows
    .map((row) => ({ row, key: digestOf(row) }))
    .sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
}

/** Right responses before refinements, then by question and key. */
function byPrecedence(a: Candidate, b: Candidate): number {
  if (a.kind !== b.kind) return a.kind === 'correct' ? -1 : 1;
  const [sample, critique, refinement] = a.order.map((part, index) => part - b.order[index]!);
  return compareText(a.question.id, b.question.id) || sample! || critique! || refinement!;
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function countLevel(byLevel: SelectionCounts['acceptedByLevel'], level: Level, kind: 'correct' | 'refined'): void {
  let counts = byLevel.find((entry) => entry.level === level);
  if (!counts) {
    counts = { level, correct: 0, refined: 0 };
    byLevel.push(counts);
    byLevel.sort((a, b) => a.level - b.level);
  }
  counts[kind]++;
}
