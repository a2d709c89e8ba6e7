import { describe, expect, it } from 'vitest';
import { extractReference } from '../../../src/method/answers/extract.ts';
import { gradeResponse } from '../../../src/method/answers/grade.ts';
import type { FinishReason } from '../../../src/method/rows.ts';
import { type ReleasedRecord, readReleased } from '../../support/released-triples.ts';
import { jsonLines, sharedData } from '../../support/shared-data.ts';

const QUESTION = { reference: '18', answerFormat: 'plain' } as const;

const grade = (text: string, finishReason: FinishReason = 'stop', question: typeof QUESTION | object = QUESTION) =>
  gradeResponse({ text, finishReason }, { ...QUESTION, ...question });

describe('gradeResponse', () => {
  it('judges answers that it finds, and gives them as written', () => {
    expect(grade('So 9*2=18.\nThe answer is $18.00.')).toMatchObject({
      outcome: 'correct',
      answer: '$18.00',
      tier: 'rules',
    });
    expect(grade('The answer is 17.')).toMatchObject({ outcome: 'wrong', answer: '17', tier: 'rules' });
    expect(grade('The answer is unknown.')).toMatchObject({ outcome: 'wrong', answer: 'unknown', tier: 'rules' });
    expect(grade('So \\boxed{\\frac{1}{2}}', 'stop', { reference: '0.5', answerFormat: 'boxed' }).outcome).toBe(
      'correct',
    );
  });

  it('calls a response without an answer unparsed, never wrong', () => {
    expect(grade('There are 18 eggs.')).toMatchObject({ outcome: 'unparsed', answer: null, tier: 'rules' });
    expect(grade('', 'rejected')).toMatchObject({ outcome: 'unparsed', answer: null, tier: 'rules' });
    expect(grade(`\\boxed{${'1+'.repeat(2500)}1}`).outcome).toBe('unparsed');
  });

  it('calls a response that was cut before its answer truncated', () => {
    for (const text of ['So 9*2', '', 'The answer is 1', 'The answer is 18', 'The answer is $\\boxed{18', 'a.\n#### 1'])
      expect(grade(text, 'length')).toMatchObject({ outcome: 'truncated', answer: null, tier: 'rules' });
    expect(grade('', 'context_exceeded')).toMatchObject({ outcome: 'truncated', answer: null, tier: 'rules' });
  });

  it('counts an answer that was complete before the cut', () => {
    for (const text of [
      'The answer is 18.',
      'The answer is 18.\n\nHuman: What',
      '\\boxed{18} and',
      '#### 18\nThe answer is 1',
    ])
      expect(grade(text, 'length').outcome).toBe('correct');
    expect(grade('The answer is 17. Then', 'length').outcome).toBe('wrong');
  });

  it('calls a text that the engine did not come to write ungraded, even where its beginning was given', () => {
    for (const finishReason of ['failed', 'unavailable'] as const)
      for (const text of ['', 'The answer is 17.'])
        expect(grade(text, finishReason)).toMatchObject({ outcome: 'ungraded', answer: null, tier: 'rules' });
  });

  it('calls what it cannot judge ungraded, never wrong', () => {
    expect(grade('The answer is 18.', 'stop', { reference: '' })).toMatchObject({
      outcome: 'ungraded',
      answer: '18',
      tier: 'rules',
    });
    expect(grade('The answer is 18.', 'stop', { reference: '1'.repeat(5000) }).outcome).toBe('ungraded');
    expect(grade('The answer is 18.', 'stop', { reference: undefined })).toMatchObject({
      outcome: 'ungraded',
      answer: null,
      tier: 'rules',
    });
  });
});

it('finds all released GSM8K refinements right and none of the flawed responses', (context) => {
  const references = new Map(
    jsonLines<{ question: string; answer: string }>(sharedData(context, 'gsm8k-train.jsonl')).map(
      ({ question, answer }) => [words(question), extractReference(answer)!],
    ),
  );
  const records = JSON.parse(sharedData(context, 'mathcritique-gsm8k-refinements.json')) as ReleasedRecord[];
  expect(records).toHaveLength(100);
  for (const { question, response, refinement } of records.map(readReleased)) {
    const reference = references.get(words(question.replace(/ Please also give your final number.*$/s, '')))!;
    expect(grade(refinement, 'stop', { reference }).outcome).toBe('correct');
    expect(grade(response, 'stop', { reference }).outcome).toMatch(/^(wrong|unparsed)$/);
  }
});

const words = (text: string) => text.trim().replace(/\s+/g, ' ');
