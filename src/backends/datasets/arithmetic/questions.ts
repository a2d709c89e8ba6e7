import { digest, randomFrom, seedFor } from '../../../method/random.ts';
import type { Level, Question } from '../../../method/rows.ts';
import { drawChain, skeleton } from './chain.ts';
import { LEVELS, WORLD, type World } from './world.ts';
import { writeQuestion, writeSolution } from './write.ts';

/**
 * `test` is for evaluation, `train` for what a run learns from, `pretrain` for what the checkpoints in models/ were made from.
 * The hash of a problem's skeleton decides its split, so no rewording of a problem of one split is in another.
 */
export type Split = 'train' | 'test' | 'pretrain';

export interface QuestionsRequest {
  seed: number;
  split: Split;
  count: number;
  /** Where to start; 0 unless told. Question i is the same whatever was asked for before and after it. */
  first?: number;
  /** Taken in turn: question i has level `levels[i % levels.length]`. All five unless told. */
  levels?: readonly Level[];
  world?: World;
}

/** Word problems with worked solutions, without end and always the same for the same (seed, split, i, levels, world). */
export function* questions(request: QuestionsRequest): Generator<Question> {
  const { seed, split, count, first = 0, levels = LEVELS, world = WORLD } = request;
  for (let i = first; i < first + count; i++) {
    const level = levels[i % levels.length]!;
    const random = randomFrom(seedFor('arithmetic', seed, split, i));
    let steps = drawChain(level, world, random);
    while (splitOf(skeleton(steps)) !== split) steps = drawChain(level, world, random);
    yield {
      id: `arithmetic-${split}-${seed}-${i}`,
      question: writeQuestion(steps, level, world, random),
      reference: String(steps.at(-1)!.after),
      solution: writeSolution(steps, random),
      level,
      answerFormat: 'plain',
    };
  }
}

/** Half of all problems are for pretraining, a quarter each for training and for testing. */
export function splitOf(skeleton: string): Split {
  const quarter = digest(skeleton) % 4;
  if (quarter === 0) return 'test';
  return quarter === 1 ? 'train' : 'pretrain';
}
