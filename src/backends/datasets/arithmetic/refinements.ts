import { randomFrom, seedFor } from '../../../method/random.ts';
import type { RefinementTriple } from '../../../method/rows.ts';
import { annotate } from './annotate.ts';
import { flaw } from './flaw.ts';
import { type QuestionsRequest, questions } from './questions.ts';

/** D_refine: a flawed solution, its exact critique and a right solution, for each of the questions. */
export function* refinements(request: QuestionsRequest): Generator<RefinementTriple> {
  for (const question of questions(request)) {
    const { response } = flaw(question, randomFrom(seedFor('flaw', request.seed, question.id)));
    yield { question, response, critique: annotate(question, response), refinement: question.solution! };
  }
}
