import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTriples } from '../../../src/backends/datasets/index.ts';
import { Triples } from '../../../src/config/datasets.ts';
import type { RefinementTriple } from '../../../src/method/rows.ts';
import { temporaryFolder } from '../../support/folder.ts';
import type { ReleasedRecord } from '../../support/released-triples.ts';
import { sharedData } from '../../support/shared-data.ts';

const fixture = join(import.meta.dirname, '../../fixtures/mathcritique-refinements.json');

async function read(path: string, count?: number): Promise<RefinementTriple[]> {
  const triples: RefinementTriple[] = [];
  for await (const triple of readTriples(Triples.parse({ source: 'alpaca', path, count }))) triples.push(triple);
  return triples;
}

/** Every part is a piece of the record, none of it lost but what frames it. */
function expectFaithful(triples: RefinementTriple[], records: ReleasedRecord[]): void {
  expect(triples).toHaveLength(records.length);
  for (const [i, { question, response, critique, refinement }] of triples.entries()) {
    const { instruction, output } = records[i]!;
    expect(question.id).toBe(`triple-${i + 1}`);
    for (const part of [question.question, response, critique]) {
      expect(part.length).toBeGreaterThan(10);
      expect(instruction).toContain(part);
    }
    expect(output).toContain(refinement);
    expect(instruction.length - question.question.length - response.length - critique.length).toBeLessThan(700);
    for (const part of [question.question, response, critique, refinement]) {
      expect(part).toBe(part.trim());
      expect(part).not.toMatch(/<\|end_of_text\|>|^Human:|^Assistant:|^Let's break it down step by step/);
    }
    expect(question.question).not.toContain('Please also give your final');
    expect(question.answerFormat).toBe(instruction.includes('\\boxed') ? 'boxed' : 'plain');
  }
}

describe('released triples', () => {
  test('of the fixtures, the dirty ones among them, come apart', async () => {
    expectFaithful(await read(fixture), JSON.parse(readFileSync(fixture, 'utf8')));
  });

  test('of both released files come apart', async (context) => {
    const folder = await temporaryFolder();
    for (const name of ['mathcritique-gsm8k-refinements.json', 'mathcritique-math-refinements.json']) {
      const text = sharedData(context, name);
      const path = join(folder, name);
      await writeFile(path, text);
      const triples = await read(path);
      expect(triples).toHaveLength(100);
      expectFaithful(triples, JSON.parse(text));
    }
  });

  test('are as many as are wanted', async () => {
    expect(await read(fixture, 3)).toEqual((await read(fixture)).slice(0, 3));
  });

  test.each<[string, string, string]>([
    ['that are not JSON', '[{"instruction"', 'expected a JSON array'],
    ['that are no array', '{"instruction":"a","output":"b"}', 'expected a JSON array'],
    ['with something else in them', 'GOOD,null]', 'record 2'],
    ['without an output', 'GOOD,{"instruction":"a"}]', 'record 2'],
    ['without a second turn', `GOOD,{"instruction":"Human: a\\n\\nAssistant: b","output":"c"}]`, 'record 2'],
  ])('%s are refused with file, record and what was expected', async (_, text, said) => {
    const path = join(await temporaryFolder(), 'triples.json');
    const [good] = JSON.parse(readFileSync(fixture, 'utf8'));
    await writeFile(path, text.replace('GOOD', `[${JSON.stringify(good)}`));
    const failure = await read(path).catch((error) => error);
    expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining(path) });
    expect(failure.message).toContain(said);
  });

  test('that are not there are refused by their path', async () => {
    await expect(read('/no/such/triples.json')).rejects.toMatchObject({
      type: 'InvalidInput',
      message: 'there is no file /no/such/triples.json',
    });
  });
});

describe('triples as buildCritiques writes them', () => {
  const triple = {
    question: { id: 'q-1', question: 'What is 1+1?', reference: '2', answerFormat: 'plain' },
    response: 'The answer is 3.',
    critique: 'Correctness of the final answer: Wrong',
    refinement: 'The answer is 2.',
  };
  const readLines = async (lines: unknown[], count?: number) => {
    const path = join(await temporaryFolder(), 'refine.jsonl');
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const triples: RefinementTriple[] = [];
    for await (const row of readTriples(Triples.parse({ source: 'triples', path, count }))) triples.push(row);
    return triples;
  };

  test('are read as they stand, as many as are wanted', async () => {
    const other = { ...triple, response: 'The answer is 4.' };
    expect(await readLines([triple, other])).toEqual([triple, other]);
    expect(await readLines([triple, other], 1)).toEqual([triple]);
  });

  test.each([{ ...triple, critique: null }, { ...triple, question: 'What is 1+1?' }, {}])(
    'name the line that is none: %j',
    async (line) => {
      await expect(readLines([triple, line])).rejects.toThrow(/refine\.jsonl, line 2: expected \{question/);
    },
  );
});
