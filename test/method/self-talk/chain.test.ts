import { describe, expect, it } from 'vitest';
import { formatCritique } from '../../../src/method/critique.ts';
import type { Verdict } from '../../../src/method/rows.ts';
import { buildChain, type Segment } from '../../../src/method/self-talk/chain.ts';
import { isFlawed, judge, rightPart } from '../../../src/method/self-talk/judged.ts';
import { aGeneration } from '../../support/attempts.ts';
import fc from '../../support/properties.ts';

/** A critique that repeats these steps and calls one of them wrong, from 1. */
function critiqueOf(steps: string[], wrong: number | null, verdict: Verdict = wrong === null ? 'correct' : 'wrong') {
  const labelled = steps.map((sentence, i) => {
    const label: 'correct' | 'wrong' = i + 1 === wrong ? 'wrong' : 'correct';
    return { sentence, label, explanation: label === 'wrong' ? `why ${sentence}` : '' };
  });
  return formatCritique({ steps: labelled, verdict, verdictExplanation: 'why so' }, 'label-first');
}

const judged = (text: string, critique: string) => ({
  response: aGeneration(text),
  critique: { ...aGeneration(critique), verdict: 'wrong' as const, firstWrongStep: null, index: 0 },
});

/** A version of a solution, with the critique that finds its step number `wrong`. */
const version = (steps: string[], wrong: number | null, verdict?: Verdict) =>
  judged(
    steps.join('\n'),
    critiqueOf(
      steps.filter((step) => !step.includes('answer is')),
      wrong,
      verdict,
    ),
  );

/** `2' wrong`: a step as written in round 1. */
const named = ({ step, label, again }: Segment) =>
  `${step}${label === 'wrong' ? ' wrong' : ''}${again ? ' again' : ''}`;

describe('a chain', () => {
  it("keeps each wrong step, its critique and what took its place, and drops the old continuation: the paper's figure", () => {
    const rounds = [
      version(['1', '2', '3', '4', '5', 'The answer is a.'], 2),
      version(['1', "2'", "3'", "4'", "5'", "The answer is a'."], 3),
      version(['1', "2'", "3''", "4''", "5''", "The answer is a''."], 5),
      version(['1', "2'", "3''", "4''", "5'''", "The answer is a'''."], null),
    ];
    const chain = buildChain(rounds, null, 4);
    expect(chain.segments.map(named)).toEqual([
      '1',
      '2 wrong',
      "2'",
      "3' wrong",
      "3''",
      "4''",
      "5'' wrong",
      "5'''",
      "The answer is a'''.",
    ]);
    expect(chain.segments.map(({ index, version }) => [index, version])).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 1],
      [3, 2],
      [4, 2],
      [5, 2],
      [5, 3],
      [6, 3],
    ]);
    expect(chain.segments[1]!.explanation).toBe('why 2');
    expect(chain.segments.at(-1)).toMatchObject({ isAnswer: true, label: 'correct', explanation: 'why so' });
    expect(chain).toMatchObject({ rewrites: 3, end: 'error-free' });
  });

  it('needs no rewrite where nothing is wrong', () => {
    const chain = buildChain([version(['1', 'The answer is a.'], null)], null, 4);
    expect(chain).toMatchObject({ rewrites: 0, end: 'error-free' });
    expect(chain.segments.map(named)).toEqual(['1', 'The answer is a.']);
  });

  it('writes only the answer again where all steps are right', () => {
    const wrongAnswer = version(['1', 'The answer is a.'], null, 'wrong');
    const { critique, response } = wrongAnswer;
    expect(rightPart(judge(response.text, critique.text))).toBe('1\n');
    const chain = buildChain([wrongAnswer, version(['1', 'The answer is b.'], null)], null, 4);
    expect(chain.segments.map(named)).toEqual(['1', 'The answer is a. wrong', 'The answer is b.']);
    expect(chain.segments[1]!.explanation).toBe('why so');
  });

  it('goes on where the answer is missing', () => {
    const unfinished = version(['1', '2'], null, 'wrong');
    expect(rightPart(judge(unfinished.response.text, unfinished.critique.text))).toBe('1\n2\n');
    const chain = buildChain([unfinished, version(['1', '2', 'The answer is b.'], null)], null, 4);
    expect(chain.segments.map(named)).toEqual(['1', '2', 'The answer is b.']);
  });

  it('comes back to a step that the critic had let pass', () => {
    const rounds = [
      version(['1', '2', 'The answer is a.'], 2),
      version(['1', "2'", 'The answer is b.'], 1),
      version(["1''", "2''", 'The answer is c.'], null),
    ];
    expect(buildChain(rounds, null, 4).segments.map(named)).toEqual([
      '1',
      '2 wrong',
      '1 wrong again',
      "1''",
      "2''",
      'The answer is c.',
    ]);
  });

  it.each([
    ['budget', [version(['1', '2'], 1)], null, 0],
    ['stopped', [version(['1', '2'], 1)], null, 1],
    ['unjudged', [judged('1\n2', 'I can not say.')], null, 4],
    ['rejected', [version(['1', '2'], 1)], { text: '', finishReason: 'rejected' }, 4],
    ['truncated', [version(['1', '2'], 1)], { text: '', finishReason: 'context_exceeded' }, 4],
    ['unparsed', [], { text: ' ', finishReason: 'stop' }, 4],
    ['stopped', [version(['1', '2'], 1)], { text: '1\n3', finishReason: 'stop' }, 4],
    ['stopped', [], { text: '1\n3', finishReason: 'stop' }, 4],
  ] as const)('that does not end well says why: %s', (end, rounds, unjudged, budget) => {
    const chain = buildChain(rounds, unjudged, budget);
    expect(chain.end).toBe(end);
    expect(chain.rewrites).toBe(rounds.length === 1 && unjudged ? 1 : 0);
  });

  it('has every step of its last version, and every wrong step once, whatever is wrong', () => {
    const round = fc.record({ steps: fc.integer({ min: 1, max: 6 }), wrong: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 6 }), fc.integer({ min: 1, max: 6 }), (rounds, last) => {
        let kept: string[] = [];
        const write = (n: number, name: string) => {
          const steps = [...kept, ...Array.from({ length: Math.max(n, 1) }, (_, i) => `${name}${i}`)];
          return [...steps, `The answer is ${name}.`];
        };
        const versions = rounds.map(({ steps, wrong }, r) => {
          const lines = write(steps, `v${r}s`);
          const at = wrong % (lines.length - 1);
          kept = lines.slice(0, at);
          return version(lines, at + 1);
        });
        const final = write(last, 'end');
        const chain = buildChain([...versions, version(final, null)], null, 9);
        expect(chain.end).toBe('error-free');
        expect(chain.segments.filter(({ label }) => label === 'wrong')).toHaveLength(rounds.length);
        const told = new Set(chain.segments.map(({ step }) => step));
        expect(final.filter((line) => !told.has(line))).toEqual([]);
        expect(chain.segments.at(-1)!.step).toBe(final.at(-1));
      }),
    );
  });
});

describe('a solution with its critique', () => {
  it('is flawed where the critic finds something to mend, and only there', () => {
    expect(isFlawed({ firstWrongStep: 2, verdict: 'correct' })).toBe(true);
    expect(isFlawed({ firstWrongStep: null, verdict: 'wrong' })).toBe(true);
    expect(isFlawed({ firstWrongStep: null, verdict: 'unparsed' })).toBe(false);
    expect(judge('1\n2', critiqueOf(['1', '2'], 2, 'correct')).flaw).toBe(1);
    expect(judge('1\n2', 'off').flaw).toBe(null);
  });

  it('keeps the text before the first wrong step as it was written', () => {
    const text = "Let's break it down step by step:\n\n  one \n\n two. three\nThe answer is 3.";
    const solution = judge(text, critiqueOf(['one', 'two.', 'three'], 3));
    expect(rightPart(solution)).toBe('one \n\n two. ');
    expect(solution.text.slice(solution.steps[2]!.start)).toBe('three\nThe answer is 3.');
  });

  it('takes a step that the critic miscopied for the one in its place', () => {
    const solution = judge('1 + 1 = 3\n3 + 1 = 4\nThe answer is 4.', critiqueOf(['1 + 1 = 8', '3 + 1 = 4'], 1));
    expect(solution.flaw).toBe(0);
    expect(solution.steps[0]).toMatchObject({ label: 'wrong', explanation: 'why 1 + 1 = 8' });
  });

  it('is wrong at its last step where the critic invents more', () => {
    expect(judge('1\n2', critiqueOf(['1', '2', '3'], 3)).flaw).toBe(1);
  });
});
