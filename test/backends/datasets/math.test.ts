import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { jsonLines } from '../../support/shared-data.ts';
import { collect } from './collect.ts';

const lines = join(import.meta.dirname, '../../fixtures/math-8.jsonl');
const source = { source: 'math', split: 'train' } as const;

interface Problem {
  problem: string;
  level: string;
  type: string;
  solution: string;
}

/** The original layout: train/number_theory/7.json, beside a test folder. */
async function originalFolder(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [index, problem] of jsonLines<Problem>(await readFile(lines, 'utf8')).entries()) {
    const subject = problem.type.toLowerCase().replaceAll(' & ', '_and_').replaceAll(' ', '_');
    for (const split of ['train', 'test']) {
      const path = join(folder, split, subject, `${index}.json`);
      await mkdir(dirname(path), { recursive: true });
      const asked = split === 'train' ? problem : { ...problem, problem: `Test: ${problem.problem}` };
      await writeFile(path, JSON.stringify(asked, null, 4));
    }
  }
  return folder;
}

describe('MATH', () => {
  test('keeps level and subject', async () => {
    const questions = await collect({ ...source, path: lines });
    expect(questions.map(({ level, subject, reference }) => [level, subject, reference])).toEqual([
      [1, 'Prealgebra', '17'],
      [2, 'Algebra', '12'],
      [2, 'Counting & Probability', '10'],
      [1, 'Geometry', '10'],
      [3, 'Intermediate Algebra', '3'],
      [4, 'Number Theory', '1'],
      [5, 'Precalculus', '\\frac{\\pi}{6}, \\frac{5\\pi}{6}'],
      [undefined, 'Geometry', '\\frac{\\pi}{4}'],
    ]);
    expect(questions[1]).toEqual({
      id: expect.stringMatching(/^math-train-[0-9a-z]+$/),
      question: 'Solve for $x$: $3x - 7 = 2x + 5$.',
      reference: '12',
      solution: 'Subtracting $2x$ from both sides gives $x - 7 = 5$, so $x = \\boxed{12}$.',
      level: 2,
      subject: 'Algebra',
      answerFormat: 'boxed',
    });
  });

  test('of the original folder has the same ids as of any other file', async () => {
    const path = await originalFolder();
    const byId = (questions: { id: string }[]) => questions.sort((a, b) => (a.id < b.id ? -1 : 1));
    const expected = byId(await collect({ ...source, path: lines }));
    expect(byId(await collect({ ...source, path }))).toEqual(expected);
    expect(byId(await collect({ ...source, path: join(path, 'train') }))).toEqual(expected);
    const tested = await collect({ ...source, split: 'test', path });
    expect(tested).toHaveLength(8);
    for (const { id, question } of tested)
      expect([id, question]).toEqual([expect.stringMatching(/^math-test-/), expect.stringMatching(/^Test: /)]);
  });

  test('has the same sample in every format', async () => {
    const sample = { ...source, count: 3, seed: 5 };
    const ids = async (path: string) => (await collect({ ...sample, path })).map(({ id }) => id).sort();
    expect(await ids(await originalFolder())).toEqual(await ids(lines));
    expect(await ids(lines.replace('.jsonl', '.parquet'))).toEqual(await ids(lines));
  });

  test('as MATH-500 has it, with the subject by that name', async () => {
    const path = join(await temporaryFolder(), 'test.jsonl');
    const problem = {
      problem: 'a',
      solution: '\\boxed{2}',
      answer: '2',
      subject: 'Algebra',
      level: 2,
      unique_id: 'test/algebra/1.json',
    };
    await writeFile(path, JSON.stringify(problem));
    expect(await collect({ ...source, split: 'test', path })).toMatchObject([
      { reference: '2', level: 2, subject: 'Algebra' },
    ]);
  });
});
