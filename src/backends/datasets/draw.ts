import { digest } from '../../method/random.ts';
import type { Question } from '../../method/rows.ts';

/**
 * So many of a dataset's questions, in its order: the first, or with a seed a random sample without replacement, those with the lowest
 * hash of seed and id. So it depends on the questions, not on their order or format; a smaller one is part of a larger one.
 * @param read begins from the first question again each time: a sample takes two passes, and keeps one number for each question
 */
export async function* draw(
  read: () => AsyncIterable<Question>,
  count = Number.POSITIVE_INFINITY,
  seed?: number,
): AsyncIterable<Question> {
  if (seed === undefined) {
    yield* first(read(), count);
    return;
  }
  const rank = ({ id }: Question) => digest(`${seed}/${id}`);
  const ranks: number[] = [];
  for await (const question of read()) ranks.push(rank(question));
  const last = Float64Array.from(ranks).sort()[count - 1] ?? Number.POSITIVE_INFINITY;
  for await (const question of read()) if (rank(question) <= last) yield question;
}

async function* first(questions: AsyncIterable<Question>, count: number): AsyncIterable<Question> {
  let found = 0;
  for await (const question of questions) {
    yield question;
    if (++found >= count) return;
  }
}
