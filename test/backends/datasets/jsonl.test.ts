import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetName, openQuestions } from '../../../src/backends/datasets/index.ts';
import { Questions } from '../../../src/config/datasets.ts';
import type { Question } from '../../../src/method/rows.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { collect } from './collect.ts';

async function read(text: string | Buffer, rest: object = {}): Promise<Question[]> {
  const path = join(await temporaryFolder(), 'questions.jsonl');
  await writeFile(path, text);
  return await collect({ source: 'file', path, ...rest });
}

const line = (question: string, answer: unknown, rest = {}) => `${JSON.stringify({ question, answer, ...rest })}\n`;

describe('JSON lines', () => {
  test('in the convention of GSM8K have the answer after ####, as written', async () => {
    expect(await read(line(' How many? ', '3*6=18\n#### 1,018 ', { id: 9 }))).toEqual([
      {
        id: expect.stringMatching(/^row-[0-9a-z]+$/),
        question: 'How many?',
        reference: '1,018',
        solution: '3*6=18\n#### 1,018',
        answerFormat: 'plain',
      },
    ]);
  });

  test('in the convention of MATH have the last box', async () => {
    const solution = 'First \\boxed{3}, then $\\boxed{\\frac{1}{2}}$.';
    expect(await read(line('Half?', solution), { answers: 'math' })).toMatchObject([
      { question: 'Half?', reference: '\\frac{1}{2}', solution, answerFormat: 'boxed' },
    ]);
  });

  test.each([
    [' 42 ', '42'],
    [42, '42'],
    [-0.5, '-0.5'],
    [9007199254740991, '9007199254740991'],
  ])('may have %j as the answer alone, without a solution', async (answer, reference) => {
    const [question] = await read(line('Who?', answer), { answers: 'plain' });
    expect(question).toMatchObject({ question: 'Who?', reference, answerFormat: 'plain' });
    expect(question).not.toHaveProperty('solution');
  });

  test('may have other fields, empty lines, CRLF, a mark at the beginning and no end', async () => {
    const rows = ['{"problem":"a","solution":"#### 1"}', '', '  ', '{"problem":"b","solution":"#### 2"}', ''];
    const fields = { question: 'problem', answer: 'solution' };
    for (const end of ['', '\r\n', '\r\n\r\n \n'])
      expect(await read(`\uFEFF${rows.join('\r\n')}${end}`, { fields })).toMatchObject([
        { question: 'a', reference: '1' },
        { question: 'b', reference: '2' },
      ]);
  });

  test('are UTF-8 in whatever pieces they come', async () => {
    const text = 'x'.repeat(65_500) + '€'.repeat(100);
    expect((await read(line(text, '#### 1')))[0]!.question).toBe(text);
  });

  test('are read as far as they are wanted: what comes after may be broken', async () => {
    const text = `${line('a', '#### 1')}\n${line('b', '#### 2')}broken`;
    expect(await read(text, { count: 2 })).toHaveLength(2);
    expect(await read(text.replace('broken', ''), { count: 9 })).toHaveLength(2);
  });

  test.each<[string, string | Buffer, object, string]>([
    ['that are not JSON', 'nonsense', {}, 'expected a JSON object, got nonsense'],
    ['that are cut short', '{"question":"a","ans', {}, 'expected a JSON object, got {"question":"a","ans'],
    ['that are lists', '["a","b"]', {}, 'expected a JSON object'],
    ['in Latin-1', Buffer.from(line('Größe?', '#### 1'), 'latin1'), {}, 'expected UTF-8 text'],
    ['in UTF-16', Buffer.from(`\uFEFF${line('a', '#### 1')}`, 'utf16le'), {}, 'expected UTF-8 text'],
    ['without the question', line('', '#### 1'), {}, 'expected a text in "question", got ""'],
    ['with a number for the question', line(5 as never, '#### 1'), {}, 'expected a text in "question", got 5'],
    ['without the answer', '{"question":"a","solution":"#### 1"}', {}, '"answer", got only question, solution'],
    ['with nothing for an answer', line('a', null), {}, 'expected a text in "answer", got null'],
    ['with a list for an answer', line('a', [5]), { answers: 'plain' }, 'expected a text in "answer", got [5]'],
    [
      'with a number that JSON rounds',
      line('a', 2 ** 60),
      { answers: 'plain' },
      'more than 15 digits in "answer", got 1',
    ],
    ['without ####', line('a', 'It is 5.'), {}, '"answer" has no answer after "#### ": It is 5.'],
    ['without a box', line('a', 'It is 5.'), { answers: 'math' }, '"answer" has no \\boxed{answer}: It is 5.'],
  ])('%s are refused with file, line and what was there', async (_, wrong, rest, expected) => {
    const good = rest && 'answers' in rest && rest.answers === 'math' ? line('x', '\\boxed{1}') : line('x', '#### 1');
    const failure = await read(Buffer.concat([Buffer.from(`${good}\n`), Buffer.from(wrong)]), rest).catch((e) => e);
    expect(failure).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/\/questions\.jsonl, line 3: /),
    });
    expect(failure.message).toContain(expected);
  });

  test('of a hundred thousand questions stream, a sample of them too', async () => {
    const path = join(await temporaryFolder(), 'many.jsonl');
    await writeFile(path, '');
    for (let i = 0; i < 10; i++) {
      const rows = Array.from({ length: 10_000 }, (_, n) =>
        line(`How many are ${i} and ${n}?`, `${'x'.repeat(500)}\n#### 7`),
      );
      await appendFile(path, rows.join(''));
    }
    const before = process.memoryUsage().heapUsed;
    for (const [rest, expected] of [
      [{}, 100_000],
      [{ count: 50_000, seed: 1 }, 50_000],
    ] as const) {
      const { questions } = await openQuestions(Questions.parse({ source: 'file', path, ...rest }), {
        cache: '',
        env: {},
      });
      let read = 0;
      for await (const question of questions) {
        if (question.reference !== '7') expect.fail(question.id);
        read++;
      }
      expect(read).toBe(expected);
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 2 ** 20);
  });
});

test('a dataset is called by what people know it by', () => {
  const name = (config: object) => datasetName(Questions.parse(config));
  expect(name({ source: 'gsm8k', split: 'train', path: '/data/x.jsonl' })).toBe('gsm8k');
  expect(name({ source: 'math', split: 'test' })).toBe('math');
  expect(name({ source: 'arithmetic', split: 'test', count: 5 })).toBe('arithmetic');
  expect(name({ source: 'file', path: '/data/olympiad.jsonl' })).toBe('olympiad.jsonl');
  expect(name({ source: 'file', path: '/data/olympiad/' })).toBe('olympiad');
  expect(name({ source: 'file', path: '/data/olympiad/*.parquet' })).toBe('olympiad/*.parquet');
  expect(name({ source: 'hub', name: 'org/olympiad', files: '*.parquet' })).toBe('org/olympiad');
});
