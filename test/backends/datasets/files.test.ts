import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { collect } from './collect.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const PLAIN = { source: 'file', answers: 'plain' } as const;
const row = (question: string) => ({ question, answer: '1' });

/** A folder with these files: a text as it is, rows as JSON lines. */
async function folderOf(files: Record<string, string | object[]>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const lines = (rows: object[]) => rows.map((each) => `${JSON.stringify(each)}\n`).join('');
    await writeFile(path, typeof content === 'string' ? content : lines(content));
  }
  return folder;
}

const asked = async (config: object) => (await collect(config)).map(({ question }) => question);
const failing = (config: object) =>
  collect(config).then(
    () => expect.fail('it was read'),
    (error) => error,
  );

describe('a path', () => {
  test('may be a folder, whose files are read in the order of their names', async () => {
    const path = await folderOf({
      'b/2.jsonl': [row('d')],
      'b/1.json': JSON.stringify([row('b'), row('c')]),
      'a.jsonl': [row('a')],
      'c.jsonl': [],
      'README.md': 'not data',
      'checksums.txt': 'neither',
    });
    expect(await asked({ ...PLAIN, path })).toEqual(['a', 'b', 'c', 'd']);
  });

  test('may be a pattern', async () => {
    const folder = await folderOf({ 'x-1.jsonl': [row('a')], 'x-2.jsonl': [row('b')], 'y.jsonl': [row('c')] });
    expect(await asked({ ...PLAIN, path: `${folder}/x-*.jsonl` })).toEqual(['a', 'b']);
    expect(await asked({ ...PLAIN, path: `${folder}/{x-2,y}.jsonl` })).toEqual(['b', 'c']);
  });

  test('may lead to links, as in the cache of the Hugging Face hub', async () => {
    const path = await folderOf({ 'blobs/4f': [row('a')], 'snapshots/1/README.md': '' });
    await symlink('../../blobs/4f', join(path, 'snapshots/1/train.jsonl'));
    expect(await asked({ ...PLAIN, path: join(path, 'snapshots') })).toEqual(['a']);
  });

  test.each([
    ['none.jsonl', 'there is no file'],
    ['*.parquet', 'there is no file that matches'],
    ['nowhere/*.jsonl', 'there is no file that matches'],
    ['empty', 'there is no .jsonl, .json or .parquet file in the folder'],
  ])('%s where nothing is, is refused by its name', async (name, said) => {
    const path = join(await folderOf({ 'empty/README.md': '', 'x.jsonl': [row('a')] }), name);
    const failure = await failing({ ...PLAIN, path });
    expect(failure).toMatchObject({ type: 'InvalidInput' });
    expect(failure.message).toContain(said);
    expect(failure.message).toContain(path);
  });

  test('of GSM8K or MATH may be a folder with both splits', async () => {
    const line = (question: string) => ({ question, answer: '#### 1' });
    const mixed = { 'gsm8k/train-00000.jsonl': [line('a')], 'gsm8k/test-00000.jsonl': [line('b')] };
    const path = await folderOf(mixed);
    expect(await asked({ source: 'gsm8k', split: 'train', path })).toEqual(['a']);
    expect(await asked({ source: 'gsm8k', split: 'test', path })).toEqual(['b']);
    // Names with the word within another one are of no split: all are read.
    const other = await folderOf({ 'contest.jsonl': [line('a')], 'training.jsonl': [line('b')] });
    expect(await asked({ source: 'gsm8k', split: 'test', path: other })).toEqual(['a', 'b']);
    const onlyTrain = await folderOf({ 'train.jsonl': [line('a')] });
    const failure = await failing({ source: 'gsm8k', split: 'test', path: onlyTrain });
    expect(failure.message).toBe(`there is no file of the split "test" in the folder ${onlyTrain}`);
  });
});

describe('a .json file', () => {
  test.each([
    ['an array', JSON.stringify([row('a'), row('b')], null, 2)],
    ['an array in one line', JSON.stringify([row('a'), row('b')])],
    ['JSON lines by another name', `${JSON.stringify(row('a'))}\n${JSON.stringify(row('b'))}\n`],
    ['an array with a byte order mark', `\uFEFF${JSON.stringify([row('a'), row('b')])}`],
  ])('may be %s', async (_, text) => {
    const path = await folderOf({ 'x.json': text });
    expect(await asked({ ...PLAIN, path: join(path, 'x.json') })).toEqual(['a', 'b']);
  });

  test('may be one object, over several lines', async () => {
    const path = await folderOf({ 'x.json': JSON.stringify(row('a'), null, 4) });
    expect(await asked({ ...PLAIN, path })).toEqual(['a']);
  });

  test('of nothing has no questions', async () => {
    for (const text of ['', '\n\n', '[]']) {
      const path = await folderOf({ 'x.json': text });
      expect(await asked({ ...PLAIN, path })).toEqual([]);
    }
  });

  test.each([
    [
      'broken off',
      '[\n{"question": "a", "answer": "1"},\n{"question": ',
      /x\.json.*: expected a JSON array of objects: Unexpected end/,
    ],
    [
      'with a mistake',
      '[\n{"question": "a", "answer": "1"},\n{"question": oops}]',
      /x\.json: expected a JSON array of objects: .*oops/,
    ],
    ['that is a text', '"a"', /x\.json: expected a JSON array of objects, got "a"/],
    ['of texts', '["a"]', /x\.json, record 1: expected a JSON object, got "a"/],
    [
      'with a wrong field',
      JSON.stringify([row('a'), { question: 'b' }]),
      /x\.json, record 2: expected a text in "answer", got only question/,
    ],
    ['in Latin-1', Buffer.from('[{"question":"Größe"}]', 'latin1').toString('latin1'), /x\.json/],
  ])('%s is refused with its place', async (_, text, said) => {
    const path = await folderOf({});
    await writeFile(join(path, 'x.json'), text, 'latin1');
    const failure = await failing({ ...PLAIN, path });
    expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(said) });
  });
});

describe('a Parquet file', () => {
  const math8 = join(fixtures, 'math-8.parquet');
  const nested4 = join(fixtures, 'nested-4.parquet');
  const mapped = { question: 'task.text', answer: 'task.answer', level: 'level', id: 'id' };

  test('has the same questions as JSON lines, in several row groups too', async () => {
    const math = { source: 'math', split: 'train' } as const;
    const lines = await collect({ ...math, path: join(fixtures, 'math-8.jsonl') });
    expect(lines).toHaveLength(8);
    expect(await collect({ ...math, path: math8 })).toEqual(lines);
    const gsm8k = { source: 'gsm8k', split: 'test' } as const;
    const five = await collect({ ...gsm8k, path: join(fixtures, 'gsm8k-50.jsonl'), count: 5 });
    expect(await collect({ ...gsm8k, path: join(fixtures, 'gsm8k-5.parquet') })).toEqual(five);
  });

  test('may have numbers of 64 bits, and fields within fields', async () => {
    const questions = await collect({ ...PLAIN, path: nested4, fields: mapped, count: 2 });
    expect(questions).toMatchObject([
      { id: '9007199254740993', reference: '0', level: 1, question: expect.stringContaining('2^3') },
      { id: '9007199254740994', reference: '0.5', level: 2 },
    ]);
  });

  test('with an empty cell is refused by its row', async () => {
    const failure = await failing({ ...PLAIN, path: nested4, fields: mapped });
    expect(failure.message).toBe(`${nested4}, row 3: expected a text in "task.text", got null`);
  });

  test('without the column is refused with those that it has', async () => {
    const failure = await failing({ ...PLAIN, path: math8, fields: { question: 'problem', answer: 'final' } });
    expect(failure.message).toBe(
      `${math8}, row 1: expected a text in "final", got only problem, level, type, solution, number, tags`,
    );
  });

  test.each([
    ['is something else', (bytes: Buffer) => Buffer.concat([Buffer.from('<html>'), bytes.subarray(0, 20)])],
    ['is empty', () => Buffer.alloc(0)],
    ['is broken off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['is damaged in the middle', (bytes: Buffer) => Buffer.from(bytes).fill(255, 4, 900)],
  ])('that %s is refused by its name', async (_, damage) => {
    const path = join(await temporaryFolder(), 'x.parquet');
    await writeFile(path, damage(await readFile(math8)));
    const failure = await failing({ source: 'math', split: 'test', path });
    expect(failure).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringContaining(`${path}: expected a Parquet file: `),
    });
  });
});
