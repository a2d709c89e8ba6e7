import { type Access, openQuestions } from '../../../src/backends/datasets/index.ts';
import { Questions } from '../../../src/config/datasets.ts';
import type { Question } from '../../../src/method/rows.ts';

/** Nothing is fetched unless a test says where from. */
const OFFLINE: Access = { cache: '/no/such/cache', env: { HF_ENDPOINT: 'http://127.0.0.1:1' }, waitMs: 1 };

/** All questions of a dataset as a run file has it. */
export async function collect(config: object, access: Access = OFFLINE): Promise<Question[]> {
  const all: Question[] = [];
  const { questions } = await openQuestions(Questions.parse(config), access);
  for await (const question of questions) all.push(question);
  return all;
}
