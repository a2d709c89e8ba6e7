import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { Failure } from '../failures.ts';
import { readJson } from './json.ts';
import { readJsonLines } from './jsonl.ts';
import { readParquet } from './parquet.ts';

/** One row of a file, as it stands there. */
export interface Row {
  values: Record<string, unknown>;
  /** For people: `questions.jsonl, line 3`. */
  where: string;
}

/** A name that has the split as a word: `train/algebra/1.json`, `main/train-00000-of-00001.parquet`. */
const SPLITS = {
  train: /(?<![a-z])train(?![a-z])/i,
  test: /(?<![a-z])test(?![a-z])/i,
};

/**
 * The files that a path names, in the order of their names: one file, all .jsonl, .json and .parquet files below a folder, or what a
 * pattern matches. Of a folder whose files are named after splits only those of `split`, where one is asked for.
 * @throws Failure InvalidInput where there are none
 */
export function findFiles(path: string, split?: keyof typeof SPLITS): string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind?.isFile()) return [path];
  if (!kind?.isDirectory()) {
    const { base, isGlob } = picomatch.scan(path);
    const matches = picomatch(path);
    const matched = isGlob ? filesBelow(base || '.').filter((file) => matches(file)) : [];
    if (matched.length > 0) return matched;
    throw new Failure('InvalidInput', isGlob ? `there is no file that matches ${path}` : `there is no file ${path}`);
  }
  const files = filesBelow(path).filter((file) => /\.(?:jsonl|json|parquet)$/i.test(file));
  const within = (file: string) => file.slice(path.length);
  const wanted = split ? files.filter((file) => SPLITS[split].test(within(file))) : files;
  if (wanted.length > 0) return wanted;
  const named = files.some((file) => Object.values(SPLITS).some((name) => name.test(within(file))));
  if (files.length > 0 && !named) return files;
  const what = files.length > 0 ? `file of the split "${split}"` : '.jsonl, .json or .parquet file';
  throw new Failure('InvalidInput', `there is no ${what} in the folder ${path}`);
}

function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort();
}

/**
 * The rows of files, one file after the other; what is neither .parquet nor .json is read as JSON lines.
 * @param fields the names of the fields that will be looked at
 * @throws Failure InvalidInput that names the file and the line, record or row
 */
export async function* readFiles(files: readonly string[], fields: readonly string[]): AsyncIterable<Row> {
  for (const file of files) {
    if (/\.parquet$/i.test(file)) yield* readParquet(file, fields);
    else if (/\.json$/i.test(file)) yield* readJson(file);
    else yield* readJsonLines(file);
  }
}
