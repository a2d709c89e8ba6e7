import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { jsonLines } from '../support/shared-data.ts';

const root = join(import.meta.dirname, '../..');
const start = (...args: string[]) => spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'grade', ...args]);

interface Graded {
  code: number | null;
  results: Record<string, unknown>[];
  stdout: string;
  stderr: string;
}

/** The built command, with text on its standard input. */
async function grade(input: string, ...args: string[]): Promise<Graded> {
  const child = start(...args);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, results: jsonLines(stdout), stdout, stderr };
}

const lines = (...values: unknown[]) =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n');

describe('critique-loop grade', () => {
  it('writes for each line what its answer is worth', async () => {
    const { code, results, stdout, stderr } = await grade(
      lines(
        { pred: '1/2', gold: '0.5', equal: true },
        { pred: '3', gold: '4', equal: true, source: 'kept to itself' },
        { response: 'First 6 * 7.\nSo it is $\\boxed{42}$.', gold: '$42$', equal: true },
        { response: 'I do not know.', gold: '42', equal: false },
      ),
      '-',
    );
    expect(results).toEqual([
      { equal: true, outcome: 'equal', rule: expect.any(String), ms: expect.any(Number) },
      { equal: false, outcome: 'different', rule: expect.any(String), ms: expect.any(Number) },
      { equal: true, outcome: 'equal', rule: expect.any(String), answer: '42', ms: expect.any(Number) },
      { equal: false, outcome: 'unparsed-response', rule: 'no answer', answer: null, ms: expect.any(Number) },
    ]);
    expect(stdout.endsWith('\n')).toBe(true);
    expect(stderr).toBe(
      'n 4, equal 2, different 1, unparsed 1, timeouts 0\nlabelled 4, accuracy 0.7500, false positives 0, false negatives 1\n',
    );
    expect(code).toBe(0);
  });

  it('counts votes by meaning; the first class wins a tie', async () => {
    const box = (answer: string) => `so \\boxed{${answer}}`;
    const { results } = await grade(
      lines(
        { responses: [box('3'), box('1/2'), 'nothing', box('0.5')], gold: '\\frac12', equal: true },
        { responses: [box('3'), box('1/2')], gold: '\\frac12' },
        { responses: ['nothing'], gold: '\\frac12' },
      ),
      '-',
    );
    expect(results).toMatchObject([
      {
        equal: true,
        outcome: 'equal',
        grades: [{ equal: false }, { equal: true, answer: '1/2' }, { outcome: 'unparsed-response' }, { equal: true }],
        vote: {
          answer: '1/2',
          equal: true,
          classes: [
            { answer: '3', members: [0] },
            { answer: '1/2', members: [1, 3] },
          ],
        },
      },
      { equal: false, outcome: 'different', vote: { answer: '3', equal: false } },
      { equal: false, outcome: 'unparsed-response', vote: { answer: null, equal: false, classes: [] } },
    ]);
  });

  it('keeps the order of thousands of lines', async () => {
    const count = 5_000;
    const slow = `\\sqrt{2}+${'x^2+'.repeat(60)}1`;
    const file = join(await temporaryFolder(), 'many.jsonl');
    const values = Array.from({ length: count }, (_, i) => ({
      response: `\\boxed{${i % 97 === 0 ? slow : i}}`,
      gold: i % 97 === 0 ? slow.replace('2', '3') : String(i % 3 === 0 ? i : -1 - i),
    }));
    await writeFile(file, lines(...values));
    const { results } = await grade('', file);
    expect(results.map(({ answer }) => answer)).toEqual(values.map((_, i) => (i % 97 === 0 ? slow : String(i))));
    expect(results.every(({ equal }, i) => i % 97 === 0 || equal === (i % 3 === 0))).toBe(true);
  });

  it('names every line that it cannot read, grades the others, and exits with 2', async () => {
    const file = join(await temporaryFolder(), 'bad.jsonl');
    const good = { pred: 1, gold: '1.0' };
    await writeFile(
      file,
      lines(
        good,
        '{"pred": "1"',
        '',
        { pred: true, gold: '1' },
        { pred: '1', gold: null },
        { pred: '1' },
        { gold: '1' },
        { pred: '1', response: '1', gold: '1' },
        { responses: ['1', null], gold: '1' },
        { responses: [], gold: '1' },
        [good],
        { response: '1', gold: '1', answerFormat: 'box' },
        good,
      ),
    );
    const { code, results, stderr } = await grade('', file);
    const messages = [
      [2, 'expected JSON: '],
      [4, 'pred: got true, expected a string or a number'],
      [5, 'gold: got null, expected a string or a number'],
      [6, 'gold is missing, expected a string or a number'],
      [7, 'got none of pred, response, responses, expected exactly one'],
      [8, 'got pred and response of pred, response, responses, expected exactly one'],
      [9, 'responses[1]: got null, expected a string or a number'],
      [10, 'responses: got [], expected a list with at least one response'],
      [11, 'the line: got [{"pred":1,"gold":"1.0"}], expected an object'],
      [12, 'answerFormat: got "box", expected "plain" or "boxed"'],
    ] as const;
    for (const [number, message] of messages) expect(stderr).toContain(`${file}:${number}: ${message}`);
    expect(results.map(({ outcome }) => outcome)).toEqual(['equal', ...Array(10).fill('invalid'), 'equal']);
    expect(results[2]).toEqual({ equal: false, outcome: 'invalid', rule: messages[1]![1], ms: 0 });
    expect(stderr).toContain('n 12, equal 2, different 0, unparsed 0, timeouts 0, invalid 10\n');
    expect(code).toBe(2);
  });

  it('takes policies and the format of answers', async () => {
    const percent = lines({ pred: '50\\%', gold: '50' });
    expect((await grade(percent, '-')).results).toMatchObject([{ equal: true }]);
    expect((await grade(percent, '--policies', '{"percent":"strict"}', '-')).results).toMatchObject([{ equal: false }]);
    const refused = await grade(percent, '--policies', '{"percents":"strict"}', '-');
    expect(refused.stderr).toContain('percents: is not a known field');
    expect(refused.code).not.toBe(0);

    const both = { response: 'We have \\boxed{5}. Here the answer is 6.', gold: '6' };
    const answers = async (...args: string[]) =>
      (await grade(lines(both, { ...both, answerFormat: 'plain' }), ...args, '-')).results.map(({ answer }) => answer);
    expect(await answers()).toEqual(['5', '6']);
    expect(await answers('--answer-format', 'plain')).toEqual(['6', '6']);
  });

  it('answers a line as soon as it has it', async () => {
    const child = start('-');
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (const gold of ['1', '2']) {
      child.stdin.write(`${JSON.stringify({ pred: '1', gold })}\n`);
      const { value } = await answers.next();
      expect(JSON.parse(value)).toMatchObject({ equal: gold === '1' });
    }
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says which file there is none of', async () => {
    const { code, stdout, stderr } = await grade('', 'absent.jsonl');
    expect([code, stdout, stderr]).toEqual([1, '', 'there is no file absent.jsonl\n']);
  });

  it('is right on every case of the sample', async () => {
    const file = join(root, 'test/fixtures/grading-cases.jsonl');
    const cases = jsonLines<{ equal: boolean }>(readFileSync(file, 'utf8'));
    const { results } = await grade('', file);
    expect(results.map(({ equal }) => equal)).toEqual(cases.map(({ equal }) => equal));
  });
});
