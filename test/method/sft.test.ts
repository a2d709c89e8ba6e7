import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { extractReference } from '../../src/method/answers/extract.ts';
import { gradeResponse } from '../../src/method/answers/grade.ts';
import { PROMPT_FAMILIES } from '../../src/method/prompts/index.ts';
import { PRIMER } from '../../src/method/prompts/text.ts';
import type { Question } from '../../src/method/rows.ts';
import { goldResponse, refinePrompt, refineRow, type SftRow, solveRow } from '../../src/method/sft.ts';
import { aQuestion } from '../support/attempts.ts';
import { type ReleasedRecord, readReleased } from '../support/released-triples.ts';
import { jsonLines, sharedData } from '../support/shared-data.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

describe('goldResponse', () => {
  it('writes every GSM8K fixture as a response that is graded right', () => {
    for (const { question, answer } of jsonLines<{ question: string; answer: string }>(fixture('gsm8k-50.jsonl'))) {
      const gold: Question = aQuestion('g', { question, reference: extractReference(answer)!, solution: answer });
      const text = goldResponse(gold)!;
      expect(text).not.toContain('####');
      expect(gradeResponse({ text, finishReason: 'stop' }, gold).outcome).toBe('correct');
    }
  });

  it('boxes a boxed answer, keeps an answer sentence, and is null without a solution', () => {
    const boxed = aQuestion('b', { solution: 'So $x=\\boxed{5}$.', answerFormat: 'boxed' });
    expect(goldResponse(boxed)).toBe('So $x=\\boxed{5}$.\nThe answer is $\\boxed{5}$.');
    expect(goldResponse(aQuestion('k', { solution: '2+3=5\nThe answer is 5.' }))).toBe('2+3=5\nThe answer is 5.');
    expect(goldResponse(aQuestion('n'))).toBeNull();
  });
});

describe('the base family', () => {
  /** The prompt of the reference's trainer: its `default` template around the instruction, and the primer, which it has in the output. */
  const released = ({ instruction }: ReleasedRecord) => `Human: ${instruction.trimEnd()}\n\nAssistant:${PRIMER}`;

  function ours(record: ReleasedRecord): SftRow {
    const { question, response, critique, refinement } = readReleased(record);
    const [asked] = question.split(' Please also give your final number');
    const answerFormat = question.includes('boxed{[your answer]}') ? 'boxed' : 'plain';
    return refineRow('base', 'refine', {
      question: aQuestion('r', { question: asked!, answerFormat }),
      response,
      critique,
      refinement,
    });
  }

  it('trains on the released text, character for character', () => {
    for (const record of JSON.parse(fixture('mathcritique-refinements.json')) as ReleasedRecord[])
      expect(ours(record).prompt).toBe(released(record));
  });

  it('trains on the text of all 200 released records', (context) => {
    const records = ['gsm8k', 'math'].flatMap(
      (name) => JSON.parse(sharedData(context, `mathcritique-${name}-refinements.json`)) as ReleasedRecord[],
    );
    expect(records).toHaveLength(200);
    for (const record of records) {
      const { prompt, completion } = ours(record);
      expect(prompt).toBe(released(record));
      expect(record.output.endsWith(completion as string)).toBe(true);
    }
    expect(records.filter(({ output }) => !output.startsWith(PRIMER))).toHaveLength(14);
  });

  it('builds the refine prompt from texts as the models wrote them', () => {
    const { solve, refine } = PROMPT_FAMILIES.base;
    const question = aQuestion('r');
    const raw = refinePrompt(
      'base',
      question,
      "Let's break it down step by step:\n\n2+3=6\n",
      'Hm.\nStep sentence: 2+3=6\n',
    );
    expect(raw).toBe(refine(question, '2+3=6', 'Step sentence: 2+3=6'));
    expect(solveRow('base', 'correct', question, ' 2+3=5').prompt).toBe(solve(question));
  });
});
