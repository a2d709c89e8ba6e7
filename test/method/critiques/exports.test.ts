import { describe, expect, it } from 'vitest';
import { exportRow } from '../../../src/method/critiques/exports.ts';
import { PROMPT_FAMILIES, type PromptFamilyName } from '../../../src/method/prompts/index.ts';
import { CRITIQUE_REQUEST, CRITIQUE_REQUEST_WITH_FORMAT } from '../../../src/method/prompts/text.ts';
import { aQuestion } from '../../support/attempts.ts';

const row = { question: 'How many?', response: 'a=1\nThe answer is 1.', critique: 'Step sentence: a=1' };
const asked = aQuestion('q', { question: 'How many?' });
const turn = (request: string) => `${request}\n\nQuestion: How many?\n\nSolution:\na=1\nThe answer is 1.`;

describe('exportRow', () => {
  it('writes what the trainers read', () => {
    expect(exportRow('sharegpt', 'base', row)).toEqual({
      conversations: [
        { from: 'human', value: turn(CRITIQUE_REQUEST) },
        { from: 'gpt', value: row.critique },
      ],
    });
    expect(exportRow('alpaca', 'base', row)).toEqual({
      instruction: `${turn(CRITIQUE_REQUEST)}\n`,
      input: '',
      output: row.critique,
    });
    expect(exportRow('messages', 'llama-3-instruct', row)).toEqual({
      messages: [
        { role: 'user', content: turn(CRITIQUE_REQUEST_WITH_FORMAT) },
        { role: 'assistant', content: row.critique },
      ],
    });
  });

  it('gives, in the template of the reference’s trainer, what a base critic is asked here', () => {
    const { instruction } = exportRow('alpaca', 'base', row) as { instruction: string };
    expect(`Human: ${instruction}\nAssistant:`).toBe(PROMPT_FAMILIES.base.critique(asked, row.response));
  });

  it('has the turn that every family asks with', () => {
    for (const family of Object.keys(PROMPT_FAMILIES) as PromptFamilyName[]) {
      const { messages } = exportRow('messages', family, row) as { messages: { content: string }[] };
      const prompt = PROMPT_FAMILIES[family].critique(asked, row.response);
      expect(typeof prompt === 'string' ? prompt : prompt.at(-1)!.content).toContain(messages[0]!.content);
    }
  });
});
