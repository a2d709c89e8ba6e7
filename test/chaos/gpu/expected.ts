import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SelfImproveConfig } from '../../../src/config/self-improve.ts';
import { type Gate, isCritiqued, isRefined } from '../../../src/method/gates.ts';
import { type Attempt, type Question, rowKey } from '../../../src/method/rows.ts';
import { STAGES } from './progress.ts';

type Config = Pick<SelfImproveConfig, 'iterations' | 'samples' | 'critiques' | 'refinementsPerCritique' | 'evaluation'>;

/** The keys that every stage has to have, named as compare.ts names them, by what the stage before it made. */
export function expectedKeys(runFolder: string, config: Config): Set<string> {
  const { iterations, samples, critiques, refinementsPerCritique: refinements, evaluation } = config;
  const keys = new Set<string>();
  const exploring = { questions: 'questions', samples, critiques, refinements, gates: ['oracle'] as const };
  const testing = { questions: 'test', samples: 1, critiques: 1, refinements: 1, gates: [evaluation.gate] };
  for (let iteration = 0; iteration <= iterations; iteration++)
    for (const stage of STAGES) {
      if (iteration === 0 && !stage.startsWith('evaluate/')) continue;
      const how = stage.startsWith('evaluate/') ? testing : exploring;
      const folder = `iteration-${iteration}/${stage}`;
      const before = () => rowsIn(join(runFolder, folder, BEFORE[stage.replace('evaluate/', '')]!));
      for (const key of keysOf(stage.replace('evaluate/', ''), how, { runFolder, before }))
        keys.add(`${folder} ${key}`);
    }
  return keys;
}

/** Folders beside each other. */
const BEFORE: Record<string, string> = { critique: '../sample', refine: '../critique' };

interface How {
  /** Of the datasets in the run's folder. */
  questions: string;
  samples: number;
  critiques: number;
  refinements: number;
  gates: readonly Gate[];
}

function keysOf(stage: string, how: How, from: { runFolder: string; before: () => Attempt[] }): string[] {
  if (stage === 'critique')
    return from
      .before()
      .filter((row) => isCritiqued(row, how.gates))
      .flatMap((row) => times(how.critiques, (index) => `${rowKey(row)}/${index}`));
  if (stage === 'refine')
    return from
      .before()
      .filter((row) => isRefined(row, how.gates))
      .flatMap((row) => times(how.refinements, (index) => `${rowKey(row)}/${index}`));
  const questions = linesOf<Question>(join(from.runFolder, `datasets/${how.questions}.jsonl`));
  return questions.flatMap(({ id }) => times(how.samples, (sample) => `${id}/${sample}`));
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

function rowsIn(folder: string): Attempt[] {
  if (!existsSync(folder)) return [];
  const shards = readdirSync(folder).filter((name) => /^shard-\d+\.jsonl$/.test(name));
  return shards.flatMap((name) => linesOf<Attempt>(join(folder, name)));
}

/** None where the run did not get so far. */
const linesOf = <T>(path: string): T[] =>
  (existsSync(path) ? readFileSync(path, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
