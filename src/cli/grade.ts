import { createReadStream } from 'node:fs';
import { GradingThreads } from '../backends/grading/threads.ts';
import { readLines } from '../backends/storage/artifacts.ts';
import { readLine } from './grading/line.ts';
import { type GradeOptions, gradeLine, invalid, type Result } from './grading/result.ts';
import { Summary } from './grading/summary.ts';
import { mistakeInPath } from './read-file.ts';
import { SetupError } from './setup/setup-error.ts';

/** Lines in work at once: enough to keep every thread busy, and memory flat however long the file is. */
const AT_ONCE = 1_024;
/** Wrong lines that are told one by one. */
const TOLD = 20;

/**
 * Grades a file of JSON lines, or standard input for `-`: one result for each line, in order, on standard output, and a summary on
 * standard error. Exit code 2 where a line can't be read; the others are graded all the same.
 */
export async function grade(file: string, options: GradeOptions): Promise<void> {
  const mistake = file === '-' ? null : mistakeInPath(file);
  if (mistake !== null) throw new SetupError(mistake);
  const input = file === '-' ? process.stdin : createReadStream(file);
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Whoever reads has seen enough.
    process.exit();
  });
  const threads = new GradingThreads();
  const summary = new Summary();
  await forEachInOrder(
    numbered(readLines(input)),
    ({ text }) => gradeText(threads, text, options),
    async ({ result, truth }, { number }) => {
      summary.add(result, truth);
      const { invalid } = summary.counts;
      if (result.outcome === 'invalid' && invalid <= TOLD) say(`${file}:${number}: ${result.rule}`);
      await write(`${JSON.stringify(result)}\n`);
    },
  );
  await threads.close();
  const untold = summary.counts.invalid - TOLD;
  if (untold > 0) say(`and ${untold} more lines that can't be read`);
  say(String(summary));
  if (summary.counts.invalid > 0) process.exitCode = 2;
}

async function gradeText(
  threads: GradingThreads,
  text: string,
  options: GradeOptions,
): Promise<{ result: Result; truth?: boolean | undefined }> {
  let line: ReturnType<typeof readLine>;
  try {
    line = readLine(text);
  } catch (error) {
    return { result: invalid((error as Error).message) };
  }
  return { result: await gradeLine(threads, line, options), truth: line.equal };
}

/** The lines that are not blank, with their places in the file, from 1. */
async function* numbered(lines: AsyncIterable<string>): AsyncIterable<{ text: string; number: number }> {
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() !== '') yield { text, number };
  }
}

/** Works on many items at once, and uses what becomes of them one after the other, each as soon as those before it are done. */
async function forEachInOrder<Item, Found>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Found>,
  use: (found: Found, item: Item) => Promise<void>,
): Promise<void> {
  const pending: Promise<void>[] = [];
  let last: Promise<void> = Promise.resolve();
  for await (const item of items) {
    last = Promise.all([work(item), last]).then(([found]) => use(found, item));
    // It is awaited below, but maybe not at once.
    last.catch(() => {});
    pending.push(last);
    if (pending.length === AT_ONCE) await pending.shift();
  }
  await last;
}

const write = (text: string) => new Promise<void>((done) => process.stdout.write(text, () => done()));

const say = (line: string) => process.stderr.write(`${line}\n`);
