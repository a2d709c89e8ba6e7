import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import type { EvaluateInput } from '../../src/config/evaluate.ts';
import type { Question } from '../../src/method/rows.ts';

const TEST = { source: 'arithmetic', split: 'test', seed: 1 } as const;

/** The questions of `anEvaluation` and of others as large as you like. */
export const questionsOf = (count: number): Iterable<Question> => questions({ seed: 1, split: 'test', count });

export interface EvaluationShape extends Partial<Omit<EvaluateInput, 'actor' | 'critic'>> {
  /** Where actor and critic are served; several are replicas. */
  url: string | string[];
  tested?: number;
  actor?: Partial<EvaluateInput['actor']>;
  critic?: Partial<NonNullable<EvaluateInput['critic']>> | null;
}

/** A small evaluation of the arithmetic world with both models behind an endpoint. */
export function anEvaluation({ url, tested = 40, actor, critic, ...rest }: EvaluationShape): EvaluateInput {
  const endpoint = { baseUrl: url };
  return {
    seed: 7,
    actor: { model: 'actor', endpoint, ...actor },
    critic: critic === null ? null : { model: 'critic', endpoint, ...critic },
    questions: { ...TEST, count: tested },
    samples: 6,
    samplesWithCritic: 3,
    ...rest,
  };
}
