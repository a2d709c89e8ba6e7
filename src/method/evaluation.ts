import { accuracyOf, countCritiques } from './critique-counts.ts';
import type { PassRate } from './difficulty.ts';
import { type Difference, type Proportion, pairedDifference, proportion } from './estimate.ts';
import { byLevel } from './levels.ts';
import { noOutcomes } from './outcomes.ts';
import type { Attempt, Level, Outcome, Verdict } from './rows.ts';

/** One question of an evaluation; null where the answer could not be graded. */
export interface QuestionResult {
  id: string;
  level: Level | null;
  right: boolean | null;
  /** After the critic had its say, if it had. */
  rightWithCritic: boolean | null;
}

export interface EvaluationSummary {
  questions: number;
  /** Of the responses. */
  outcomes: Record<Outcome, number>;
  /** Share of graded responses that are right. */
  accuracy: Proportion;
  byLevel: { level: Level; accuracy: Proportion; withCritic: Proportion | null }[];
  /** null where no response was critiqued. */
  critic: CriticSummary | null;
}

export interface CriticSummary {
  /** Of the answers in the end: where the gate let a refinement be made it counts, else the response stands. */
  accuracy: Proportion;
  outcomes: Record<Outcome, number>;
  verdicts: Record<Verdict, number>;
  /** With the critic minus without, on the same questions. */
  difference: Difference;
  /** From the response to the answer with the critic: correct or incorrect, before and after. */
  transitions: { c2c: number; c2i: number; i2c: number; i2i: number };
  /** Share of verdicts that agree with the oracle; critiques without a verdict are in none of the three. */
  discriminability: Proportion;
  discriminabilityOnRight: Proportion;
  discriminabilityOnWrong: Proportion;
  /** The same with a critique without a verdict counted as a mistake. */
  strictDiscriminability: Proportion;
  /** Share of critiques without a verdict. */
  unparsable: Proportion;
  /** Share of refinements of incorrect responses that are right. */
  helpfulness: Proportion;
}

interface Result {
  level: Level | null;
  outcome: Outcome;
  verdict?: Verdict;
  refined?: Outcome;
}

/**
 * Reduces the test attempts of one checkpoint, one response per question (method.md D1). The rows of a later stage fill in what those of
 * an earlier one left open, in any order. Ungraded rows are counted in `outcomes` and left out of every share. Throws RangeError for a
 * second sample, critique or refinement of a question.
 */
export function startEvaluation(): {
  add(row: Attempt): void;
  summary(): EvaluationSummary;
  /** Sorted by question id, so that two checkpoints or conditions can be paired. */
  results(): QuestionResult[];
} {
  const results = new Map<string, Result>();
  return {
    add({ question, sample, grade, critique, refinement }) {
      if (sample + (critique?.index ?? 0) + (refinement?.index ?? 0) > 0)
        throw new RangeError(`question ${question.id} has more than one response, critique or refinement`);
      const result = results.get(question.id) ?? { level: question.level ?? null, outcome: grade.outcome };
      results.set(question.id, result);
      if (critique) result.verdict = critique.verdict;
      if (refinement) result.refined = refinement.grade.outcome;
    },
    summary: () => summarise([...results.values()]),
    results: () =>
      [...results]
        .map(([id, result]) => ({
          id,
          level: result.level,
          right: isRight(result.outcome),
          rightWithCritic: isRight(withCritic(result)),
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** Pairs two evaluations by question id, on the questions that both graded. */
export function compareEvaluations(
  before: readonly { id: string; right: boolean | null }[],
  after: readonly { id: string; right: boolean | null }[],
): Difference {
  const then = new Map(before.map(({ id, right }) => [id, right]));
  const pairs = after.flatMap(({ id, right }) => {
    const was = then.get(id) ?? null;
    return was === null || right === null ? [] : [{ was, right }];
  });
  return pairedDifference(
    pairs.map(({ was }) => was),
    pairs.map(({ right }) => right),
  );
}

const isRight = (outcome: Outcome) => (outcome === 'ungraded' ? null : outcome === 'correct');

/** The outcome of what is answered in the end: without a refinement the response stands. */
const withCritic = ({ outcome, refined }: Result) => refined ?? outcome;

function countOutcomes(outcomes: readonly Outcome[]): Record<Outcome, number> {
  const counts = noOutcomes();
  for (const outcome of outcomes) counts[outcome]++;
  return counts;
}

const share = ({ correct, total }: PassRate): Proportion => proportion(correct, total);

function summarise(results: Result[]): EvaluationSummary {
  const critiqued = results.filter(({ verdict }) => verdict !== undefined);
  return {
    questions: results.length,
    outcomes: countOutcomes(results.map(({ outcome }) => outcome)),
    accuracy: share(accuracyOf(results.map(({ outcome }) => outcome))),
    byLevel: byLevel(results, (ofLevel) => ({
      accuracy: share(accuracyOf(ofLevel.map(({ outcome }) => outcome))),
      withCritic: critiqued.length > 0 ? share(accuracyOf(ofLevel.map(withCritic))) : null,
    })),
    critic: critiqued.length > 0 ? summariseCritic(results) : null,
  };
}

function summariseCritic(results: Result[]): CriticSummary {
  const counts = countCritiques(
    results.map((result) => {
      const { outcome, verdict = null, refined = null } = result;
      return { outcome, verdict, refined, final: withCritic(result) };
    }),
  );
  return {
    accuracy: share(counts.accuracy),
    outcomes: countOutcomes(results.map(withCritic)),
    verdicts: counts.verdicts,
    difference: pairedDifference(
      counts.pairs.map(({ before }) => before),
      counts.pairs.map(({ after }) => after),
    ),
    transitions: counts.transitions,
    discriminability: share(counts.discriminability),
    discriminabilityOnRight: share(counts.discriminabilityOnRight),
    discriminabilityOnWrong: share(counts.discriminabilityOnWrong),
    strictDiscriminability: share(counts.strictDiscriminability),
    unparsable: share(counts.unparsable),
    helpfulness: share(counts.helpfulness),
  };
}
