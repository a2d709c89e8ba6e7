import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { MathVerify } from '../../src/backends/grading/math-verify.ts';
import { GradingThreads } from '../../src/backends/grading/threads.ts';
import { graderFile } from '../../src/backends/package.ts';
import { type GradedLine, readLine } from '../../src/cli/grading/line.ts';
import { gradeLine, type Result } from '../../src/cli/grading/result.ts';
import { Summary } from '../../src/cli/grading/summary.ts';
import { ensurePython, GRADER } from '../../src/cli/setup/python.ts';
import { GRADER_VERSION } from '../../src/method/answers/compare.ts';
import { DEFAULT_POLICIES } from '../../src/method/answers/policies.ts';
import { SHARED_DATA } from '../support/shared-data.ts';

const PASSES = 5;
const CASES = [join(SHARED_DATA, 'grading-cases.jsonl'), join(import.meta.dirname, '../fixtures/grading-cases.jsonl')];

type Case = GradedLine & { equal: boolean };
type Verdict = Pick<Result, 'equal' | 'outcome' | 'ms'>;

interface Row {
  grader: string;
  version: string;
  accuracy: number;
  falsePositives: number;
  falseNegatives: number;
  timeouts: number;
  /** Milliseconds of one pair, over all passes. */
  mean: number;
  p50: number;
  p99: number;
}

/** `npm run bench -- grade [FILE] [--json]`: this grader and Math-Verify on the same labelled cases, one after the other, each warm. */
export async function bench(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { json: { type: 'boolean' } }, allowPositionals: true });
  const file = positionals[0] ?? CASES.find(existsSync)!;
  const cases = readCases(file);
  const rows = [await benchOurs(cases), await benchMathVerify(cases)];
  if (values.json) console.log(JSON.stringify({ file, cases: cases.length, passes: PASSES, graders: rows }));
  else
    console.log(
      `${cases.length} cases of ${relative('.', file)}, ${PASSES} passes after one to warm up\n${table(rows)}`,
    );
}

function readCases(file: string): Case[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((text, i) => {
    if (text.trim() === '') return [];
    const line = readLine(text);
    if (line.equal === undefined || 'responses' in line.given)
      throw new Error(`${file}:${i + 1}: expected "pred" or "response" with "gold" and a boolean "equal"`);
    return [{ ...line, equal: line.equal }];
  });
}

async function benchOurs(cases: Case[]): Promise<Row> {
  const threads = new GradingThreads({ threads: 1 });
  const options = { answerFormat: 'boxed', policies: DEFAULT_POLICIES } as const;
  try {
    return {
      grader: 'critique-loop',
      version: GRADER_VERSION,
      ...(await measure(cases, (line) => gradeLine(threads, line, options))),
    };
  } finally {
    await threads.close();
  }
}

async function benchMathVerify(cases: Case[]): Promise<Row> {
  const python = await ensurePython({ log: (line) => console.error(line), ...GRADER });
  const mathVerify = new MathVerify({ python: async () => python, processes: 1 });
  const version = /^math-verify==(\S+)$/m.exec(readFileSync(graderFile('requirements.txt'), 'utf8'))![1]!;
  const verify = async ({ gold: reference, given }: Case): Promise<Verdict> => {
    const verified = await mathVerify.verify({
      reference,
      ...('pred' in given ? { answer: given.pred } : (given as { response: string })),
    });
    const { ms } = verified;
    if ('failed' in verified) return { equal: false, outcome: 'timeout', ms };
    return { equal: verified.equal, outcome: verified.equal ? 'equal' : 'different', ms };
  };
  try {
    return { grader: 'Math-Verify', version, ...(await measure(cases, verify)) };
  } finally {
    await mathVerify.close();
  }
}

/** One case after the other. */
async function measure(cases: Case[], verdictOf: (line: Case) => Promise<Verdict>) {
  for (const line of cases) await verdictOf(line);
  const times: number[] = [];
  const summary = new Summary();
  for (let pass = 0; pass < PASSES; pass++)
    for (const line of cases) {
      const verdict = await verdictOf(line);
      times.push(verdict.ms);
      if (pass === 0) summary.add(verdict, line.equal);
    }
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.ceil(share * times.length) - 1]!;
  const { right, falsePositives, falseNegatives } = summary.labelled;
  return {
    accuracy: right / cases.length,
    falsePositives,
    falseNegatives,
    timeouts: summary.counts.timeouts,
    mean: times.reduce((sum, ms) => sum + ms, 0) / times.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

const COLUMNS = ['accuracy', 'false positives', 'false negatives', 'timeouts', 'mean ms', 'p50 ms', 'p99 ms'];

function table(rows: Row[]): string {
  const lines = rows.map(({ grader, version, accuracy, falsePositives, falseNegatives, timeouts, mean, p50, p99 }) =>
    [
      `${grader} ${version}`,
      accuracy.toFixed(4),
      falsePositives,
      falseNegatives,
      timeouts,
      ...[mean, p50, p99].map((ms) => ms.toFixed(2)),
    ].map(String),
  );
  const all = [['', ...COLUMNS], ...lines];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  return all
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n');
}
