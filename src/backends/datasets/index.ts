import { basename, dirname, resolve } from 'node:path';
import type { QuestionsConfig, TriplesConfig } from '../../config/datasets.ts';
import { parseCritique } from '../../method/critique.ts';
import type { Level, Question, RefinementTriple } from '../../method/rows.ts';
import * as arithmetic from './arithmetic/index.ts';
import { draw } from './draw.ts';
import { findFiles } from './files.ts';
import { filter } from './filter.ts';
import { GSM8K, gsm8kOnHub } from './gsm8k.ts';
import { type Access, fetchFromHub, type Origin } from './hub.ts';
import type { HubRequest } from './hub-client.ts';
import { MATH, mathOnHub } from './math.ts';
import { readQuestions } from './questions.ts';
import { readReleasedTriples, readTripleLines } from './triples.ts';

export interface Dataset {
  questions: AsyncIterable<Question>;
  /** Where its files are from the hub. */
  origin?: Origin;
}

export type { Access, Origin };

/**
 * Finds a dataset's files, and fetches those that are not here.
 * @throws Failure InvalidInput, then or while the questions are read
 */
export async function openQuestions(config: QuestionsConfig, access: Access): Promise<Dataset> {
  if (config.source === 'arithmetic') return { questions: madeQuestions(config) };
  const request = hubRequest(config);
  if (!request) return { questions: questionsOf(config, localFiles(config)) };
  const { origin, paths } = await fetchFromHub(request, access);
  return { questions: questionsOf(config, paths), origin };
}

type FromFiles = Exclude<QuestionsConfig, { source: 'arithmetic' }>;

/**
 * The files on this machine that a dataset names; none where it has no path.
 * @throws Failure InvalidInput where there are none
 */
export function localFiles(config: QuestionsConfig): string[] {
  if (!('path' in config) || config.path === undefined) return [];
  return findFiles(resolve(config.path), 'split' in config ? config.split : undefined);
}

function hubRequest(config: FromFiles): HubRequest | null {
  switch (config.source) {
    case 'gsm8k':
      return config.path === undefined ? gsm8kOnHub(config.split) : null;
    case 'math':
      return config.path === undefined ? mathOnHub(config.split) : null;
    case 'hub':
      return { ...config, source: 'file' };
    default:
      return null;
  }
}

function questionsOf(config: FromFiles, paths: string[]): AsyncIterable<Question> {
  const { count, seed } = config;
  const shape = config.source === 'gsm8k' ? GSM8K : config.source === 'math' ? MATH : config;
  const name = 'split' in config ? `${config.source}-${config.split}` : 'row';
  const wanted = config.source === 'gsm8k' ? {} : config;
  return draw(() => filter(readQuestions(paths, shape, name), wanted), count, seed);
}

async function* madeQuestions(config: Extract<QuestionsConfig, { source: 'arithmetic' }>): AsyncIterable<Question> {
  yield* arithmetic.questions({ ...config, levels: config.levels as Level[] });
}

/** Finds the first wrong step of a response (1-based; null where none is), where the truth is known: in the arithmetic world. */
export function firstWrongStep(
  config: QuestionsConfig,
): ((question: Question, response: string) => number | null) | null {
  if (config.source !== 'arithmetic') return null;
  return (question, response) => parseCritique(arithmetic.annotate(question, response)).firstWrongStep;
}

export async function* readTriples(config: TriplesConfig): AsyncIterable<RefinementTriple> {
  if (config.source === 'arithmetic') yield* arithmetic.refinements({ ...config, split: 'train' });
  else if (config.source === 'triples') yield* readTripleLines(resolve(config.path), config.count);
  else yield* readReleasedTriples(resolve(config.path), config.count);
}

/** What people call a dataset: in the UI, in reports and in search attributes. */
export function datasetName(config: QuestionsConfig): string {
  if (config.source === 'hub') return config.name;
  if (!('fields' in config)) return config.source;
  const name = basename(config.path);
  return name.includes('*') ? `${basename(dirname(config.path))}/${name}` : name;
}
