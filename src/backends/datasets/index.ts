import { join, resolve } from 'node:path';
import type { QuestionsConfig, TriplesConfig } from '../../config/datasets.ts';
import type { Level, Question, RefinementTriple } from '../../method/rows.ts';
import * as arithmetic from './arithmetic/index.ts';
import { fetchGsm8k } from './gsm8k.ts';
import { readJsonLines } from './jsonl.ts';
import { readReleasedTriples } from './triples.ts';

/** @param cache folder for fetched files */
export async function* readQuestions(config: QuestionsConfig, cache: string): AsyncIterable<Question> {
  switch (config.source) {
    case 'arithmetic':
      yield* arithmetic.questions({ ...config, levels: config.levels as Level[] });
      return;
    case 'gsm8k': {
      const { split, count } = config;
      const path = config.path ? resolve(config.path) : await fetchGsm8k(split, join(cache, `gsm8k-${split}.jsonl`));
      const fields = { question: 'question', answer: 'answer' };
      yield* readJsonLines({ path, name: `gsm8k-${split}`, fields, answers: 'gsm8k', count });
      return;
    }
    case 'jsonl':
      yield* readJsonLines({ ...config, path: resolve(config.path), name: 'line' });
  }
}

export async function* readTriples(config: TriplesConfig): AsyncIterable<RefinementTriple> {
  if (config.source === 'arithmetic') yield* arithmetic.refinements({ ...config, split: 'train' });
  else yield* readReleasedTriples(resolve(config.path), config.count);
}

/** What people call a dataset: in the UI, in reports and in search attributes. */
export function datasetName(config: QuestionsConfig): string {
  return config.source === 'jsonl' ? config.path.split('/').at(-1)! : config.source;
}
