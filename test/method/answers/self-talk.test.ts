import { describe, expect, it } from 'vitest';
import { extractAnswer } from '../../../src/method/answers/extract.ts';

const OPENING = "Let's think deeply about the question.\n\n";

describe('the answer of a self-talk is its last one', () => {
  it.each<[string, 'plain' | 'boxed', string, string | null]>([
    [
      "the paper's sample",
      'plain',
      "25 * 7.5 = 185.5\nWait, let's check this calculation. Oops, that's not quite right. 25 * 7.5 = 187.5.\nLooks good!\nAnswer: The answer is 187.5.",
      '187.5',
    ],
    [
      'behind two wrong drafts',
      'plain',
      "The answer is 5.\nWait, let's check the answer. Oops, that's not right. It is more.\nThe answer is 6.\nHmm, let me check the answer. Oops, that's not quite right.\n3 + 4 = 7 Good.\nAnswer: The answer is 7.",
      '7',
    ],
    [
      'in boxes',
      'boxed',
      "So $x = \\boxed{3}$.\nWait, let's check this. Oops, that's not quite right.\nAnswer: The answer is $\\boxed{4}$.",
      '4',
    ],
    [
      'a draft in a box, the last without',
      'boxed',
      "The answer is $\\boxed{3}$.\nWait. Oops, that's not right.\nAnswer: The answer is 4.",
      '4',
    ],
    [
      'the same answer again',
      'plain',
      'The answer is 7. Let me check: 3 + 4 = 7. Looks good!\nAnswer: The answer is 7.',
      '7',
    ],
    [
      'taken back, and nothing in its place',
      'plain',
      "3 + 4 = 8\nThe answer is 8.\nWait, let's check the answer. Oops, that's not quite right.",
      null,
    ],
    ['a question within it', 'plain', 'Is the answer 8? No: 3 + 4 = 7.\nAnswer: The answer is 7.', '7'],
  ])('%s', (_, format, said, answer) => {
    expect(extractAnswer(`${OPENING}${said}`, format)).toBe(answer);
  });

  it('of one that is cut off after it took its answer back there is none', () => {
    const said = "The answer is 8.\nWait, let's check the answer. Oops, that's not quite right. 3 + 4 ";
    expect(extractAnswer(`${OPENING}${said}`, 'plain', true)).toBe(null);
  });
});
