import { base } from '../../../method/prompts/base.ts';
import { randomFrom, seedFor } from '../../../method/random.ts';
import type { Question } from '../../../method/rows.ts';
import { annotate } from './annotate.ts';
import { flaw, solutionSteps } from './flaw.ts';
import { questions } from './questions.ts';
import { WORLD, type World } from './world.ts';
import { writeSolution } from './write.ts';

/** One text that a base model reads: it is asked with `prompt` and learns to go on with `completion`. */
export interface Document {
  prompt: string;
  completion: string;
}

export interface DocumentsRequest {
  seed: number;
  first: number;
  count: number;
}

/** The world as the actor's base knows it: smaller numbers and factors, always in digits. */
export const SMALL_WORLD: World = {
  cap: { 1: 20, 2: 40, 3: 80, 4: 120, 5: 200 },
  inWords: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 },
  largestFactor: 5,
};

const SLIPS = 0.05;
const REVISED = 0.3;
const JUDGED = 0.6;
const JUDGED_WRONG = 0.7;

/**
 * What the actor's base reads: worked problems of the small world, a few of them with slips, and drafts revised by their marks.
 * The marks of a draft are those of another problem, of the whole world, and the revision follows them: so the base learns to use
 * a critique, and nothing about the numbers that it does not know.
 */
export function* actorDocuments({ seed, first, count }: DocumentsRequest): Generator<Document> {
  const small = questions({ seed, split: 'pretrain', first, count, world: SMALL_WORLD });
  const whole = questions({ seed: seed + 1, split: 'pretrain', first, count });
  for (const question of small) {
    const other = whole.next().value as Question;
    const random = randomFrom(seedFor('actor document', seed, question.id));
    if (random.next() < REVISED) {
      const draft = flaw(question, random).response;
      yield { prompt: base.refine(question, draft, annotate(other, draft)), completion: other.solution! };
    } else {
      const solution = random.next() < SLIPS ? flaw(question, random).response : question.solution!;
      yield { prompt: base.solve(question), completion: solution };
    }
  }
}

/** What the critic's base reads: worked problems of the whole world, and critiques of right and of flawed solutions. */
export function criticDocuments(request: DocumentsRequest): Generator<Document> {
  return judgedAndWorked(request, WORLD);
}

/** What a critic that is yet to be trained has read: the same, but critiques of the small world only. */
export function criticBaseDocuments(request: DocumentsRequest): Generator<Document> {
  return judgedAndWorked(request, SMALL_WORLD);
}

function* judgedAndWorked({ seed, first, count }: DocumentsRequest, judgedWorld: World): Generator<Document> {
  const judged = questions({ seed, split: 'pretrain', first, count, world: judgedWorld });
  for (const question of questions({ seed, split: 'pretrain', first, count })) {
    const random = randomFrom(seedFor('critic document', seed, question.id));
    const other = judged.next().value as Question;
    if (random.next() < JUDGED) {
      const wrong = random.next() < JUDGED_WRONG;
      const response = wrong ? flaw(other, random).response : writeSolution(solutionSteps(other), random);
      yield { prompt: base.critique(other, response), completion: annotate(other, response) };
    } else {
      yield { prompt: base.solve(question), completion: question.solution! };
    }
  }
}
