import { describe, expect, it } from 'vitest';
import {
  PROMPT_FAMILIES,
  type PromptFamilyName,
  questionPrompt,
  stripPrimer,
} from '../../../src/method/prompts/index.ts';
import { PRIMER, SELF_TALK_PRIMER } from '../../../src/method/prompts/text.ts';
import { selfTalkRow } from '../../../src/method/sft.ts';
import { aQuestion } from '../../support/attempts.ts';

const QUESTION = aQuestion('q', { question: 'What is 2+3?' });
const TALK = `${SELF_TALK_PRIMER}2+3=5 Looks good!\nAnswer: The answer is 5.`;

describe('an actor that is asked to think aloud', () => {
  it('gets a text that ends in another primer, and nothing else changed', () => {
    for (const family of Object.values(PROMPT_FAMILIES)) {
      if (family.kind !== 'text') continue;
      const solve = family.solve(QUESTION);
      expect(solve.endsWith(PRIMER)).toBe(true);
      expect(family.selfTalk(QUESTION)).toBe(`${solve.slice(0, -PRIMER.length)}${SELF_TALK_PRIMER}`);
    }
  });

  it('gets messages that say so', () => {
    expect(PROMPT_FAMILIES.chat.selfTalk(QUESTION)).toEqual([
      {
        role: 'user',
        content:
          "What is 2+3? Please also give your final number in the format of 'The answer is [your answer].' Think aloud: check each step as you write it, and where it is wrong say so and write it again.",
      },
    ]);
  });

  it.each(Object.keys(PROMPT_FAMILIES) as PromptFamilyName[])('is trained on what it is asked: %s', (name) => {
    const { prompt, completion } = selfTalkRow(name, QUESTION, TALK);
    expect(prompt).toEqual(questionPrompt(name, 'self-talk', QUESTION));
    const family = PROMPT_FAMILIES[name];
    const said = TALK.slice(SELF_TALK_PRIMER.length);
    expect(completion).toEqual(
      family.kind === 'text' ? `${said}${family.endOfTurn}` : [{ role: 'assistant', content: TALK }],
    );
  });

  it('is judged and trained on without either primer', () => {
    expect(stripPrimer(TALK)).toBe('2+3=5 Looks good!\nAnswer: The answer is 5.');
    expect(stripPrimer(` ${PRIMER}2+3=5`)).toBe('2+3=5');
    expect(stripPrimer('2+3=5')).toBe('2+3=5');
  });
});
