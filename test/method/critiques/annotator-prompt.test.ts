import { describe, expect, it } from 'vitest';
import { annotatorPrompt, informationOf } from '../../../src/method/critiques/annotator-prompt.ts';
import { CRITIQUE_MARKERS, PRIMER } from '../../../src/method/prompts/text.ts';
import type { InformationLevel } from '../../../src/method/rows.ts';
import { aQuestion } from '../../support/attempts.ts';

const asked = (information: InformationLevel) => {
  const messages = annotatorPrompt({
    question: aQuestion('q', { solution: '3+4=7\n7*2=14\n#### 14', reference: '14' }),
    response: `${PRIMER}3+4=7\n\n7*2=15\nThe answer is 15.`,
    information,
    path: { errorStep: 2 },
    mistake: 'a result is computed wrongly',
  });
  expect(messages.map(({ role }) => role)).toEqual(['user']);
  return messages[0]!.content;
};

describe('annotatorPrompt', () => {
  it('asks for the released format, and gives question, solution and reference', () => {
    const content = asked('reference');
    for (const marker of Object.values(CRITIQUE_MARKERS)) expect(content).toContain(`\n${marker}[`);
    expect(content).toContain('for you only:\n3+4=7\n7*2=14\nThe answer is 14.');
    expect(content).toMatch(/Question: How many are q\?\n\nSolution to check:\n3\+4=7\n\n7\*2=15\nThe answer is 15\.$/);
    expect(content).not.toContain(PRIMER.trim());
  });

  it('tells as much as its level says', () => {
    const location = 'All steps before step 2 are right. Step 2 is where the mistake is to be looked for: 7*2=15';
    const mistake = 'The kind of mistake made there: a result is computed wrongly.';
    const told = (['reference', 'location', 'mistake'] as const).map((level) =>
      [location, mistake].map((text) => asked(level).includes(text)),
    );
    expect(told).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  it('gives the answer where there is no solution', () => {
    const question = aQuestion('q', { reference: '14' });
    const path = { errorStep: null };
    const [message] = annotatorPrompt({ question, response: 'x', information: 'mistake', path, mistake: null });
    expect(message!.content).toContain('for you only:\nThe answer is 14.\n\nQuestion:');
  });
});

it('informationOf gives what is known, and at most what is allowed', () => {
  const levels = ['reference', 'location', 'mistake'] as const;
  const of = (strategy: 'RG1' | 'RG2' | 'RG3' | 'right') => levels.map((most) => informationOf({ strategy }, most));
  expect(of('RG1')).toEqual(['reference', 'reference', 'reference']);
  expect(of('right')).toEqual(['reference', 'reference', 'reference']);
  expect(of('RG2')).toEqual(['reference', 'location', 'location']);
  expect(of('RG3')).toEqual(['reference', 'location', 'mistake']);
});
