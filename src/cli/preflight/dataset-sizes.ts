import { openQuestions, readTriples } from '../../backends/datasets/index.ts';
import { Failure } from '../../backends/failures.ts';
import type { QuestionsConfig, TriplesConfig } from '../../config/datasets.ts';

/** Of the whole sets, which are fetched by the run. */
const PUBLISHED = { gsm8k: { train: 7473, test: 1319 }, math: { train: 7500, test: 5000 } };

/** Questions of a dataset: as published, or counted in its files. null where it is on the hub, or can't be read. */
export async function countQuestions(config: QuestionsConfig): Promise<number | null> {
  const { source, count = Number.POSITIVE_INFINITY } = config;
  if (source === 'arithmetic') return config.count;
  if (source === 'hub') return config.count ?? null;
  if ((source === 'gsm8k' || source === 'math') && config.path === undefined)
    return Math.min(count, PUBLISHED[source][config.split]);
  return await countReadable(async () => (await openQuestions(config, { cache: '', env: {} })).questions);
}

export async function countTriples(config: TriplesConfig): Promise<number | null> {
  if (config.source === 'arithmetic') return config.count;
  return await countReadable(async () => readTriples(config));
}

async function countReadable(open: () => Promise<AsyncIterable<unknown>>): Promise<number | null> {
  let count = 0;
  try {
    for await (const _ of await open()) count++;
  } catch (error) {
    // What is wrong with it is told where the file is checked, or by the run's first step.
    if (error instanceof Failure) return null;
    throw error;
  }
  return count;
}
