import { describe, expect, it } from 'vitest';
import { gradeResponse } from '../../../src/method/answers/grade.ts';
import type { Segment } from '../../../src/method/self-talk/chain.ts';
import { equationsIn } from '../../../src/method/self-talk/equations.ts';
import { startTalkSelection } from '../../../src/method/self-talk/select-talks.ts';
import { readTalk, SMOOTH_REQUEST, smoothPrompt } from '../../../src/method/self-talk/smooth-prompt.ts';
import { startTalkStatistics } from '../../../src/method/self-talk/statistics.ts';
import { talkFromTemplates } from '../../../src/method/self-talk/templates.ts';
import { problemOf, type TalkRow } from '../../../src/method/self-talk/verify.ts';
import { aGeneration, aQuestion } from '../../support/attempts.ts';

const segment = (step: string, rest: Partial<Segment> = {}): Segment => ({
  step,
  index: 1,
  version: 0,
  isAnswer: step.includes('answer is'),
  label: 'correct',
  explanation: '',
  ...rest,
});

const REPAIRED = [
  segment('2 + 3 = 5'),
  segment('5 * 4 = 24', { label: 'wrong', explanation: 'This step gives\n5 * 4 = 20.' }),
  segment('The answer is 24.', { label: 'wrong', explanation: 'It is not.' }),
  segment('2 + 3 = 5', { label: 'wrong', again: true }),
  segment('5 * 4 = 20', { version: 1 }),
  segment('So 20 in all. The answer is 20.', { version: 1 }),
];
const QUESTION = aQuestion('q', { reference: '20', question: 'What is (2+3)*4?' });

function row(shape: Partial<TalkRow> & { text?: string } = {}): TalkRow {
  const { text = talkFromTemplates({ segments: REPAIRED, rewrites: 2, end: 'error-free' }, 1), ...rest } = shape;
  const talk = aGeneration(text);
  return {
    question: QUESTION,
    sample: 0,
    chain: { segments: REPAIRED, rewrites: 2, end: 'error-free' },
    actor: 'actor',
    critic: 'critic',
    talk,
    grade: gradeResponse(talk, QUESTION),
    ...rest,
  };
}

describe('the built-in templates', () => {
  it("speak as the paper's sample does", () => {
    const talks = Array.from({ length: 5000 }, (_, seed) =>
      talkFromTemplates({ segments: REPAIRED, rewrites: 2, end: 'error-free' }, seed),
    );
    expect(talks).toContain(`Let's think deeply about the question.

2 + 3 = 5 Looks good!
5 * 4 = 24
Wait, let's check this calculation. Oops, that's not quite right. This step gives 5 * 4 = 20.
The answer is 24.
Wait, let's check the answer. Oops, that's not quite right. It is not.
Wait, let's look at this again: 2 + 3 = 5
Oops, that's not quite right.
5 * 4 = 20 Looks good!
So 20 in all.
Answer: The answer is 20.`);
    expect(new Set(talks).size).toBeGreaterThan(50);
  });

  it('say the same for the same seed', () => {
    const chain = { segments: REPAIRED, rewrites: 2, end: 'error-free' } as const;
    expect(talkFromTemplates(chain, 7)).toBe(talkFromTemplates(chain, 7));
  });

  it('leave the answer to be found behind wrong drafts of it, whatever they say', () => {
    for (let seed = 0; seed < 200; seed++) {
      const text = talkFromTemplates({ segments: REPAIRED, rewrites: 2, end: 'error-free' }, seed);
      expect(gradeResponse(aGeneration(text), QUESTION)).toMatchObject({ outcome: 'correct', answer: '20' });
    }
  });
});

describe('a model that smooths', () => {
  it('is told every step with its remark, and nothing else of the question', () => {
    const [message] = smoothPrompt(QUESTION, { segments: REPAIRED, rewrites: 2, end: 'error-free' });
    expect(message!.content).toBe(`${SMOOTH_REQUEST}

Problem: What is (2+3)*4?

Step: 2 + 3 = 5
Remark: right
Step: 5 * 4 = 24
Remark: wrong. This step gives
5 * 4 = 20.
Answer: The answer is 24.
Remark: wrong. It is not.
Step seen again: 2 + 3 = 5
Remark: wrong
Step: 5 * 4 = 20
Remark: right
Answer: So 20 in all. The answer is 20.
Remark: right`);
  });

  it.each([
    ["Let's think deeply about the question. 1", "Let's think deeply about the question. 1"],
    ['First, 1', "Let's think deeply about the question.\n\nFirst, 1"],
    ['<think>I shall.</think>\n\nFirst, 1', "Let's think deeply about the question.\n\nFirst, 1"],
    ['```text\nFirst, 1\n```', "Let's think deeply about the question.\n\nFirst, 1"],
    ['"First, 1"', "Let's think deeply about the question.\n\nFirst, 1"],
    [' ', ''],
  ])('is read without what is around it: %j', (written, read) => expect(readTalk(written)).toBe(read));
});

describe('equations', () => {
  it.each([
    ['Adding gives 3 + 4 = 7. Looks good!', ['3+4=7']],
    ['We pay $3 \\times 4 = \\$12$ in all, and 12 - 2 = 10.', ['3*4=12', '12-2=10']],
    ['So $x + 2 = 5$, hence x = 3', ['x+2=5', 'x=3']],
    ['No equation: 3 apples.', []],
    ['1,000 + 1 = 1,001', ['1000+1=1001']],
  ])('of %j', (text, equations) => expect([...equationsIn(text)]).toEqual(equations));
});

describe('a self-talk is trained on unless', () => {
  it.each([
    [null, {}],
    ['budget', { chain: { segments: REPAIRED, rewrites: 2, end: 'budget' } }],
    ['unjudged', { chain: { segments: REPAIRED, rewrites: 2, end: 'unjudged' } }],
    ['stopped', { talk: undefined, grade: undefined }],
    ['rejected', { talk: { ...aGeneration(''), finishReason: 'rejected' } }],
    ['unavailable', { talk: { ...aGeneration(''), finishReason: 'unavailable' } }],
    ['truncated', { talk: { ...aGeneration('2 + 3 = 5'), finishReason: 'length' } }],
    ['lost-steps', { text: 'I thought about it. Answer: The answer is 20.' }],
    ['lost-steps', { text: '2 + 3 = 5, and 5 * 4 = 20. Looks' }],
    ['lost-steps', { text: "I'm sorry, I can't help with that." }],
    ['wrong', { text: '2 + 3 = 5, and 5 * 4 = 20. Answer: The answer is 24.' }],
    [null, { text: "Let's see: $2+3=5$, so 5 \\times 4 = 20. Answer: The answer is 20." }],
    [
      'unparsed',
      { chain: { segments: [segment('Two and three')], rewrites: 0, end: 'error-free' }, text: 'Two and three.' },
    ],
    ['ungraded', { grade: { outcome: 'ungraded', answer: null, rule: '', tier: 'rules' } }],
  ] as [string | null, Partial<TalkRow> & { text?: string }][])('%s', (problem, shape) => {
    expect(problemOf(row(shape))).toBe(problem);
  });

  it('its question has the same, or as many as it may have: the first are kept', () => {
    const select = startTalkSelection({ perQuestion: 2 });
    const text = (n: number) => `2 + 3 = 5. 5 * 4 = 20. ${'Good. '.repeat(n)}Answer: The answer is 20.`;
    const of = (id: string, n: number) => row({ question: { ...QUESTION, id }, text: text(n) });
    expect([of('a', 1), of('a', 1), of('a', 2), of('a', 3), of('b', 1)].map(select)).toEqual([
      null,
      'duplicate',
      null,
      'over-cap',
      null,
    ]);
  });
});

it('the statistics count chains by how often they were written again, and why others are not there', () => {
  const statistics = startTalkStatistics();
  const chain = (rewrites: number, end: TalkRow['chain']['end'] = 'error-free') => ({
    segments: REPAIRED,
    rewrites,
    end,
  });
  statistics.add(row({ question: { ...QUESTION, level: 2 }, chain: chain(0) }), null);
  statistics.add(row({ question: { ...QUESTION, level: 2 }, chain: chain(2) }), 'over-cap');
  statistics.add(row({ question: { ...QUESTION, id: 'p', level: 1 }, chain: chain(4, 'budget') }), 'budget');
  statistics.add(row({ question: { ...QUESTION, id: 'o', level: 1 }, chain: chain(2) }), 'wrong');
  const summary = statistics.summary();
  expect(summary).toMatchObject({ questions: 3, chains: 4, errorFree: 3, right: 2, kept: 1 });
  expect(summary.yield).toMatchObject({ successes: 2, n: 4, value: 0.5 });
  expect(summary.byRewrites).toEqual([
    { rewrites: 0, chains: 1, errorFree: 1, right: 1, kept: 1 },
    { rewrites: 2, chains: 2, errorFree: 2, right: 1, kept: 0 },
    { rewrites: 4, chains: 1, errorFree: 0, right: 0, kept: 0 },
  ]);
  expect(summary.byLevel).toEqual([
    { level: 1, chains: 2, errorFree: 1, right: 0, kept: 0 },
    { level: 2, chains: 2, errorFree: 2, right: 2, kept: 1 },
  ]);
  expect(summary.means).toMatchObject({ steps: 6, rewrites: 0 });
  expect(summary.removed).toEqual([
    { reason: 'budget', rows: 1 },
    { reason: 'wrong', rows: 1 },
    { reason: 'over-cap', rows: 1 },
  ]);
});
