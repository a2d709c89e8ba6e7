import type { Question } from '../../method/rows.ts';
import { Failure } from '../failures.ts';

export interface Filter {
  levels?: readonly number[] | undefined;
  subjects?: readonly string[] | undefined;
}

/**
 * The questions that have one of the levels and one of the subjects, where these are asked for.
 * @throws Failure InvalidInput where none has: it says which there are
 */
export async function* filter(
  questions: AsyncIterable<Question>,
  { levels, subjects }: Filter,
): AsyncIterable<Question> {
  const found = new Set<string>();
  let passed = false;
  for await (const question of questions) {
    const { level, subject } = question;
    if ((levels && !levels.includes(level ?? 0)) || (subjects && !subjects.includes(subject ?? ''))) {
      if (found.size < 20) found.add(`${subject ?? 'no subject'}, ${level ? `level ${level}` : 'no level'}`);
      continue;
    }
    passed = true;
    yield question;
  }
  if (passed || found.size === 0) return;
  const asked = [levels && `level ${levels.join(' or ')}`, subjects && `subject ${subjects.join(' or ')}`];
  const message = `no question has ${asked.filter(Boolean).join(' and ')}: there are ${[...found].join('; ')}`;
  throw new Failure('InvalidInput', message);
}
