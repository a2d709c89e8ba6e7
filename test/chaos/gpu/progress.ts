import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FineTune, readFineTune } from '../../support/fine-tune-record.ts';

/** The stages of an iteration that generate, in their order. */
export const STAGES = [
  ...['sample', 'critique', 'refine'],
  ...['evaluate/sample', 'evaluate/critique', 'evaluate/refine'],
] as const;

/** The stage that began last, by its files in the store. */
export interface Generating {
  /** For instance `iteration-1/sample`. */
  name: string;
  /** Whether there are rows, or a shard has none and is whole. */
  isBegun: boolean;
  /** Whether a shard that is not whole has rows. */
  isUnderWay: boolean;
  /** When a row was written last, in milliseconds since the epoch. */
  writtenAt: number;
}

export function generating(runFolder: string, iterations: number): Generating | null {
  for (let iteration = iterations; iteration >= 0; iteration--)
    for (const stage of STAGES.toReversed()) {
      const name = `iteration-${iteration}/${stage}`;
      if (existsSync(join(runFolder, name))) return look(join(runFolder, name), name);
    }
  return null;
}

function look(folder: string, name: string): Generating {
  const files = filesOf(folder);
  const written = files.filter(({ stats }) => stats && stats.size > 0);
  const isSegment = ({ path }: (typeof files)[number]) => path.includes('.segments/');
  return {
    name,
    isBegun: written.length > 0 || files.some((file) => !isSegment(file)),
    isUnderWay: written.some(isSegment),
    writtenAt: Math.max(0, ...written.map(({ stats }) => stats!.mtimeMs)),
  };
}

/** Of requests that were answered: lines of segments, rows of shards that are whole. */
export function linesIn(runFolder: string, stage: string): number {
  const texts = filesOf(join(runFolder, stage)).map(({ path }) => textIn(path));
  return texts.reduce((total, text) => total + text.split('\n').length - 1, 0);
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A segment may go away meanwhile. */
const filesOf = (folder: string) =>
  namesIn(folder, true)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => join(folder, name))
    .map((path) => ({ path, stats: statSync(path, { throwIfNoEntry: false }) }));

function namesIn(folder: string, recursive = false): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: 'utf8' });
  } catch {
    return [];
  }
}

/** The fine-tunes of a run that have begun, by their folders. */
export function fineTunesIn(runFolder: string): { folder: string; tune: FineTune }[] {
  const iterations = namesIn(runFolder).filter((name) => name.startsWith('iteration-'));
  const folders = iterations.flatMap((name) => [`${name}/fine-tune`, `${name}/critic-fine-tune`]);
  return folders
    .map((name) => join(runFolder, name))
    .filter((folder) => existsSync(join(folder, 'job.json')))
    .map((folder) => ({ folder, tune: readFineTune(folder) }));
}
