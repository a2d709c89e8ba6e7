import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { sharedData } from '../../support/shared-data.ts';
import { collect } from './collect.ts';

const fixture = join(import.meta.dirname, '../../fixtures/gsm8k-50.jsonl');

describe('GSM8K', () => {
  test('by a path is read from there', async () => {
    const questions = await collect({ source: 'gsm8k', split: 'test', path: fixture, count: 20 });
    expect(questions).toHaveLength(20);
    expect(questions[0]).toMatchObject({
      id: expect.stringMatching(/^gsm8k-test-[0-9a-z]+$/),
      question: expect.stringMatching(/^Janet.s ducks lay 16 eggs/),
      reference: '18',
      answerFormat: 'plain',
    });
    expect(questions[0]!.solution).toContain('#### 18');
  });

  test.for([
    ['train', 7473],
    ['test', 1319],
  ] as const)('%s has %i questions, each with its own id', async ([split, count], context) => {
    const path = join(await temporaryFolder(), 'x.jsonl');
    await writeFile(path, sharedData(context, `gsm8k-${split}.jsonl`));
    const questions = await collect({ source: 'gsm8k', split, path });
    expect(questions).toHaveLength(count);
    expect(new Set(questions.map(({ id }) => id)).size).toBe(count);
    expect(questions.filter(({ reference, solution }) => !/^-?[\d,.]+$/.test(reference) || !solution)).toEqual([]);
  });
});
