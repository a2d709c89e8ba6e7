import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetName, readQuestions } from '../../../src/backends/datasets/index.ts';
import { Questions, type QuestionsConfig } from '../../../src/config/datasets.ts';
import type { Question } from '../../../src/method/rows.ts';
import { temporaryFolder } from '../../support/folder.ts';

async function read(text: string, rest: object = {}): Promise<Question[]> {
  const path = join(await temporaryFolder(), 'questions.jsonl');
  await writeFile(path, text);
  return await collect(Questions.parse({ source: 'jsonl', path, ...rest }));
}

async function collect(config: QuestionsConfig, cache = '/no/such/cache'): Promise<Question[]> {
  const all: Question[] = [];
  for await (const question of readQuestions(config, cache)) all.push(question);
  return all;
}

const line = (question: string, answer: unknown, rest = {}) => `${JSON.stringify({ question, answer, ...rest })}\n`;

describe('JSON lines', () => {
  test('in the convention of GSM8K have the answer after ####, as written', async () => {
    expect(await read(line(' How many? ', '3*6=18\n#### 1,018 ', { id: 9 }))).toEqual([
      {
        id: 'line-1',
        question: 'How many?',
        reference: '1,018',
        solution: '3*6=18\n#### 1,018',
        answerFormat: 'plain',
      },
    ]);
  });

  test('in the convention of MATH have the last box', async () => {
    const solution = 'First \\boxed{3}, then $\\boxed{\\frac{1}{2}}$.';
    expect(await read(line('Half?', solution), { answers: 'math' })).toEqual([
      { id: 'line-1', question: 'Half?', reference: '\\frac{1}{2}', solution, answerFormat: 'boxed' },
    ]);
  });

  test('may be answers alone, without a solution', async () => {
    expect(await read(line('Who?', ' 42 '), { answers: 'plain' })).toEqual([
      { id: 'line-1', question: 'Who?', reference: '42', answerFormat: 'plain' },
    ]);
  });

  test('may have other fields, empty lines, CRLF, a mark at the beginning and no end', async () => {
    const rows = ['{"problem":"a","solution":"#### 1"}', '', '  ', '{"problem":"b","solution":"#### 2"}'];
    const questions = await read(`\uFEFF${rows.join('\r\n')}`, { fields: { question: 'problem', answer: 'solution' } });
    expect(questions.map(({ id, reference }) => [id, reference])).toEqual([
      ['line-1', '1'],
      ['line-4', '2'],
    ]);
  });

  test('are read as far as they are wanted: what comes after may be broken', async () => {
    const text = `${line('a', '#### 1')}\n${line('b', '#### 2')}broken`;
    expect(await read(text, { count: 2 })).toHaveLength(2);
    expect(await read(text.replace('broken', ''), { count: 9 })).toHaveLength(2);
  });

  test.each<[string, string, object, string]>([
    ['that are not JSON', 'nonsense', {}, 'expected a JSON object, got nonsense'],
    ['that are cut short', '{"question":"a","ans', {}, 'expected a JSON object, got {"question":"a","ans'],
    ['that are lists', '["a","b"]', {}, 'expected a JSON object'],
    ['without the question', line('', '#### 1'), {}, '"question", got ""'],
    ['without the answer', '{"question":"a","solution":"#### 1"}', {}, '"answer", got only question, solution'],
    ['with a number for an answer', line('a', 5), { answers: 'plain' }, '"answer", got 5'],
    ['without ####', line('a', 'It is 5.'), {}, '"answer" has no answer after "#### ": It is 5.'],
    ['without a box', line('a', 'It is 5.'), { answers: 'math' }, '"answer" has no \\boxed{answer}: It is 5.'],
  ])('%s are refused with file, line and what was there', async (_, wrong, rest, expected) => {
    const good = rest && 'answers' in rest && rest.answers === 'math' ? line('x', '\\boxed{1}') : line('x', '#### 1');
    await expect(read(`${good}\n${wrong}`, rest)).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/\/questions\.jsonl, line 3: /),
    });
    await expect(read(`${good}\n${wrong}`, rest)).rejects.toThrow(expected);
  });

  test('that are not there, or are a folder, are refused by their path', async () => {
    const folder = await temporaryFolder();
    for (const path of [join(folder, 'none.jsonl'), folder])
      await expect(collect(Questions.parse({ source: 'jsonl', path }))).rejects.toMatchObject({
        type: 'InvalidInput',
        message: expect.stringContaining(path),
      });
  });

  test('of a hundred thousand questions stream', async () => {
    const path = join(await temporaryFolder(), 'many.jsonl');
    await writeFile(path, '');
    const block = line('How many?', `${'x'.repeat(500)}\n#### 7`).repeat(10_000);
    for (let i = 0; i < 10; i++) await appendFile(path, block);
    let read = 0;
    for await (const question of readQuestions(Questions.parse({ source: 'jsonl', path }), '')) {
      if (question.reference !== '7') expect.fail(question.id);
      read++;
    }
    expect(read).toBe(100_000);
  });
});

test('a dataset is called by what people know it by', () => {
  const name = (config: object) => datasetName(Questions.parse(config));
  expect(name({ source: 'gsm8k', split: 'train', path: '/data/x.jsonl' })).toBe('gsm8k');
  expect(name({ source: 'arithmetic', split: 'test', count: 5 })).toBe('arithmetic');
  expect(name({ source: 'jsonl', path: '/data/olympiad.jsonl' })).toBe('olympiad.jsonl');
});
