import { digest, type Random, randomFrom, seedFor } from '../random.ts';
import type { Generation, PathOrigin, Question } from '../rows.ts';
import { goldResponse } from '../sft.ts';
import { stepsOf } from './steps.ts';

/** Where and how a path is to go wrong (RG2 and RG3, method.md B1). */
export interface PathPlan {
  question: Question;
  /** Which of the plans of this question and strategy. */
  sample: number;
  strategy: 'RG2' | 'RG3';
  /** 1-based. */
  errorStep: number;
  /** The right steps before errorStep, one a line; '' where it is the first. */
  prefix: string;
  /** What the right solution says in errorStep. */
  nextStep: string;
  /** The kind of mistake that is to be made; null where only the temperature is raised. */
  mistake: string | null;
  prefixSource: NonNullable<PathOrigin['prefixSource']>;
  /** The step with the mistake, once it is written. */
  written: Generation | null;
  mistakeModel: string | null;
}

export interface PlanOptions {
  rg2: { perQuestion: number } | null;
  rg3: { perQuestion: number; mistakes: readonly WeightedMistake[] } | null;
  /** either: sampled where the question was solved, gold elsewhere. */
  prefixSource: 'sampled' | 'gold' | 'either';
  seed: number;
}

export interface WeightedMistake {
  name: string;
  weight: number;
}

export interface Planner {
  /** @param rightResponses to this question, with or without the primer */
  plan(question: Question, rightResponses: readonly string[]): PathPlan[];
  counts(): PlanCounts;
}

export interface PlanCounts {
  questions: number;
  /** Questions without a right solution to take a prefix from: they have no plans. */
  withoutSource: number;
  plans: Record<PathPlan['strategy'], number>;
}

/**
 * Plans paths that are right up to a step and then made to go wrong. Source, step and kind of mistake are drawn by question, strategy and
 * number from the seed, so they depend neither on the order of the questions nor on that of their responses.
 */
export function planPaths(options: PlanOptions): Planner {
  const counts: PlanCounts = { questions: 0, withoutSource: 0, plans: { RG2: 0, RG3: 0 } };
  const perQuestion = { RG2: options.rg2?.perQuestion ?? 0, RG3: options.rg3?.perQuestion ?? 0 };

  function draw(question: Question, sources: Sources, strategy: PathPlan['strategy'], sample: number): PathPlan {
    const random = randomFrom(seedFor('path', options.seed, strategy, question.id, sample));
    const steps = sources.solutions[random.int(sources.solutions.length)]!;
    const at = random.int(steps.length);
    counts.plans[strategy]++;
    return {
      question,
      sample,
      strategy,
      errorStep: at + 1,
      prefix: steps.slice(0, at).join('\n'),
      nextStep: steps[at]!,
      mistake: strategy === 'RG3' ? pickMistake(options.rg3!.mistakes, random) : null,
      prefixSource: sources.from,
      written: null,
      mistakeModel: null,
    };
  }

  return {
    plan(question, rightResponses) {
      const sources = sourcesOf(question, rightResponses, options.prefixSource);
      counts.questions++;
      if (sources.solutions.length === 0) {
        counts.withoutSource++;
        return [];
      }
      return (['RG2', 'RG3'] as const).flatMap((strategy) =>
        Array.from({ length: perQuestion[strategy] }, (_, sample) => draw(question, sources, strategy, sample)),
      );
    },
    counts: () => structuredClone(counts),
  };
}

/** Right solutions, each as its steps. */
interface Sources {
  from: PathPlan['prefixSource'];
  solutions: string[][];
}

function sourcesOf(
  question: Question,
  rightResponses: readonly string[],
  wanted: PlanOptions['prefixSource'],
): Sources {
  const gold = (): Sources => ({ from: 'gold', solutions: distinct([goldResponse(question) ?? '']) });
  if (wanted === 'gold') return gold();
  const solutions = distinct(rightResponses);
  return solutions.length > 0 || wanted === 'sampled' ? { from: 'sampled', solutions } : gold();
}

/** Each once, in an order of its own; none without a step. */
function distinct(solutions: readonly string[]): string[][] {
  const byDigest = new Map(solutions.map(stepsOf).map((steps) => [digest(steps.join('\n')), steps]));
  return [...byDigest.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, steps]) => steps)
    .filter((steps) => steps.length > 0);
}

function pickMistake(mistakes: readonly WeightedMistake[], random: Random): string {
  let left = random.next() * mistakes.reduce((sum, { weight }) => sum + weight, 0);
  const found = mistakes.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return (found ?? mistakes.at(-1)!).name;
}
