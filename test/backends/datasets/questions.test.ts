import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { collect } from './collect.ts';

async function read(rows: object[], config: object) {
  const path = join(await temporaryFolder(), 'x.jsonl');
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return await collect({ source: 'file', path, answers: 'plain', ...config });
}

const fields = { level: 'level', subject: 'subject' };
const row = (question: string, rest: object = {}) => ({ question, answer: '1', level: 1, subject: 'Algebra', ...rest });

describe('the fields of a row', () => {
  test('may be inside others', async () => {
    const rows = [{ task: { text: 'a' }, 'task.gold': '1', meta: { by: { id: 7 } } }];
    const mapped = { question: 'task.text', answer: 'task.gold', id: 'meta.by.id' };
    expect(await read(rows, { fields: mapped })).toEqual([
      { id: '7', question: 'a', reference: '1', answerFormat: 'plain' },
    ]);
  });

  test('may have the solution apart from the answer', async () => {
    const rows = [row('a', { solution: ' Think. ' }), row('b', { solution: null }), row('c', { solution: '' })];
    const questions = await read(rows, { fields: { solution: 'solution' } });
    expect(questions.map(({ reference, solution }) => [reference, solution])).toEqual([
      ['1', 'Think.'],
      ['1', undefined],
      ['1', undefined],
    ]);
  });

  test.each([
    [1, 1],
    ['3', 3],
    ['Level 5', 5],
    ['Level ?', undefined],
    [null, undefined],
  ])('may have %j for a level', async (level, expected) => {
    expect((await read([row('a', { level })], { fields }))[0]!.level).toBe(expected);
  });

  test.each([
    [{ level: 6 }, 'expected 1 to 5 or "Level 1" to "Level 5" in "level", got 6'],
    [{ level: 'hard' }, 'in "level", got "hard"'],
    [{ level: undefined }, 'in "level", got only question, answer, subject'],
    [{ subject: 3 }, 'expected a text in "subject", got 3'],
    [{ subject: undefined }, 'in "subject", got only question, answer, level'],
  ])('with %j are refused with file, line and field', async (wrong, said) => {
    const failure = await read([row('a'), row('b', wrong)], { fields }).then(String, (error) => error);
    expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(/x\.jsonl, line 2: /) });
    expect(failure.message).toContain(said);
  });
});

describe('the id of a question', () => {
  const ids = async (rows: object[], config: object = {}) => (await read(rows, config)).map(({ id }) => id);

  test('comes from its text, whatever is around it', async () => {
    const [a, b] = await ids([row('How many?'), row('How few?')]);
    expect(a).not.toBe(b);
    expect(await ids([row('x'), row(' How \n few? ', { answer: '3' }), row('How many?')])).toEqual([
      expect.any(String),
      b,
      a,
    ]);
  });

  test('tells questions of the same text apart', async () => {
    const [id, other, again, third] = await ids([row('a'), row('b'), row('a'), row('a')]);
    expect([again, third]).toEqual([`${id}-2`, `${id}-3`]);
    expect(other).not.toContain(id);
  });

  test('does not depend on what else is asked for', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => row(`q${i % 40}`, { level: 1 + (i % 5) }));
    const all = await ids(rows);
    expect(new Set(all).size).toBe(50);
    expect(await ids(rows, { count: 7 })).toEqual(all.slice(0, 7));
    expect(all).toEqual(expect.arrayContaining(await ids(rows, { count: 20, seed: 3, levels: [2, 4], fields })));
  });

  test('may be its own, which has to be unique', async () => {
    const own = { fields: { id: 'key' } };
    expect(await ids([row('a', { key: 'x/1' }), row('b', { key: 2 })], own)).toEqual(['x/1', '2']);
    const failure = await ids([row('a', { key: 1 }), row('b', { key: '1' })], own).then(String, (error) => error);
    expect(failure.message).toMatch(/line 2: expected an id that no row before has in "key", got "1"$/);
  });
});

describe('levels and subjects', () => {
  const rows = [
    row('a', { level: 1 }),
    row('b', { level: 2, subject: 'Geometry' }),
    row('c', { level: 2 }),
    row('d', { level: null, subject: null }),
  ];
  const asked = async (config: object) => (await read(rows, { fields, ...config })).map(({ question }) => question);

  test('choose questions', async () => {
    expect(await asked({})).toEqual(['a', 'b', 'c', 'd']);
    expect(await asked({ levels: [2, 5] })).toEqual(['b', 'c']);
    expect(await asked({ subjects: ['Algebra'] })).toEqual(['a', 'c']);
    expect(await asked({ levels: [2], subjects: ['Algebra'] })).toEqual(['c']);
    expect(await asked({ levels: [2], count: 1 })).toEqual(['b']);
  });

  test('that no question has are an error with those that there are', async () => {
    await expect(asked({ levels: [4, 5], subjects: ['Topology'] })).rejects.toMatchObject({
      type: 'InvalidInput',
      message:
        'no question has level 4 or 5 and subject Topology: ' +
        'there are Algebra, level 1; Geometry, level 2; Algebra, level 2; no subject, no level',
    });
  });
});
