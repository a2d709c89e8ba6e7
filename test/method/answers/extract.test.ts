import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../../src/method/answers/compare.ts';
import { extractAnswer, extractReference } from '../../../src/method/answers/extract.ts';
import type { AnswerFormat } from '../../../src/method/rows.ts';
import fc from '../../support/properties.ts';
import { quickest } from '../../support/quickest.ts';
import { type ReleasedRecord, readReleased } from '../../support/released-triples.ts';
import { jsonLines, sharedData } from '../../support/shared-data.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

describe('what the reference scripts get wrong', () => {
  it.each<[trap: string, text: string, format: AnswerFormat, answer: string | null]>([
    ['a formula after the phrase', 'The answer is $3$.', 'boxed', '3'],
    ['the first number of an equation', 'The answer is 3 * 6 = 18.', 'plain', '18'],
    ['the first number after the phrase', 'It is not 17 but 18. The answer is 18.', 'plain', '18'],
    ['a denial after the phrase', 'The answer is not 17 but 18.', 'plain', '18'],
    ['a number without a marker', 'I think 5 is wrong. it is 18', 'plain', null],
    ['a time', 'The answer is 10:30.', 'plain', '10:30'],
    ['a fraction', 'The answer is 1/2.', 'plain', '1/2'],
    ['a power in Python', 'The answer is 3**2.', 'plain', '3**2'],
    ['two numbers', 'The answer is $12\\text{ and }13$.', 'boxed', '12\\text{ and }13'],
    ['a variable', 'The answer is $x = 5$.', 'boxed', 'x = 5'],
    ['words after the number', 'The answer is 3 apples.', 'plain', '3'],
    ['a unit', 'The answer is $90\\text{degrees}$.', 'boxed', '90\\text{degrees}'],
    ['a reference with an empty text', '\\boxed{\\text{}5}', 'boxed', '\\text{}5'],
    ['a box that is cut off', 'So it is \\boxed{5', 'boxed', null],
    ['a box without braces', 'So it is $\\boxed 5$.', 'boxed', '5'],
    ['a calculator tag', 'The answer is 3*6=<<3*6=18>>18.', 'plain', '18'],
    ['no marker and no conclusion', 'There are 18 eggs.', 'plain', null],
  ])('%s: %j', (_trap, text, format, answer) => {
    expect(extractAnswer(text, format)).toBe(answer);
  });
});

describe('an announced answer', () => {
  it.each<[text: string, answer: string]>([
    ['The answer is 18.', '18'],
    ['The answer is 3 * 6 = 18.', '18'],
    ['The answer is 3 * 6 = <<3*6=18>>18.', '18'],
    ['It is not 17 but 18. The answer is 18.', '18'],
    ['The answer is 17.\nNo, wait.\nThe answer is 18.', '18'],
    ['The answer is $18.', '$18'],
    ['The answer is \\$18 per day.', '\\$18'],
    ['The answer is 18 apples.', '18'],
    ['The answer is 1,000.', '1,000'],
    ['The answer is 1,234.50 dollars.', '1,234.50 dollars'],
    ['The answer is -3.', '-3'],
    ['The answer is −3.', '−3'],
    ['The answer is - 5.', '- 5'],
    ['The answer is .5.', '.5'],
    ['The answer is 3/4 of a cup.', '3/4'],
    ['The answer is 2 1/2 hours.', '2 1/2 hours'],
    ['The answer is 50%.', '50%'],
    ['The answer is 50\\% of it.', '50\\%'],
    ['The answer is 1.5 million people.', '1.5 million people'],
    ['The answer is **18**.', '18'],
    ['**The answer is 18.**', '18'],
    ['**The answer is 18**.', '18'],
    ['**Answer:** 18', '18'],
    ['The answer is **18** apples.', '18'],
    ['The answer is 3**2.', '3**2'],
    ['The answer is 18, not 17.', '18'],
    ['The answer is: 18', '18'],
    ['The answer is:\n\n18', '18'],
    ['Final Answer: 18', '18'],
    ['the final answer is 18', '18'],
    ['The answer is $3$.', '3'],
    ['The answer is \\(3\\).', '3'],
    ['The answer is $x = 5$.', 'x = 5'],
    ['The answer is $\\frac{1}{2}$.', '\\frac{1}{2}'],
    ['The answer is 42 because geometry proves it', '42'],
    ['The answer is 18, since x = 3.', '18'],
    ['The answer is that 18 eggs are left.', '18'],
    ['The number is 5.\n#### 18', '18'],
    ['The answer is $18 and the rest is $20.', '$18'],
    ['The answer is 5 or 6, so many = 7.', '5 or 6'],
    ['The answer is 12 and 13.', '12 and 13'],
    ['The answer is 12 or 13.', '12 or 13'],
    ['The answer is 12, 13.', '12, 13'],
    ['The answer is 12, and 13.', '12, and 13'],
    ['The answer is 5 times 3.', '5 times 3'],
    ['The answer is 3 out of 5.', '3 out of 5'],
    ['The answer is 1,00.', '1,00'],
    ['The answer is 5 hours and 30 minutes.', '5 hours and 30 minutes'],
    ['The answer is x = 5 or x = 7.', 'x = 5 or x = 7'],
    ['The answer is 10:30.', '10:30'],
    ['The answer is 2x+1.', '2x+1'],
    ['Hence x.\n#### 42', '42'],
    ['Final Answer: The largest $n$ is 34.', '34'],
    ['the correct option is (C)', '(C)'],
    ['The correct answer is B.', 'B'],
    ['Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct.', '\\frac{1}{2}'],
    [
      'Final Answer: The final answer is 28 \\%. I hope it is correct. Note: The solution provided is incorrect. Final answer 30.',
      '28 \\%',
    ],
    [
      'The final answer is 17. I hope it is correct. I apologize for the mistake. The final answer is 18. I hope it is correct. <|im_start|>user',
      '18',
    ],
    [
      'The final answer is 17. I hope it is correct.\n\nWait, let me redo it. The final answer is 18. I hope it is correct.\n\nProblem:\nx',
      '18',
    ],
    ['The answer is 18. That is because 3*6=18.', '18'],
    ['The answer is not 17 but 18.', '18'],
    ['not 17 but 18. The answer is 18.', '18'],
    ['The answer is 3 apples.', '3'],
    ['The answer is $5 or $6.', '$5 or $6'],
    ['The answer is 5 cents.', '5 cents'],
    ['The answer is $1,000.50.', '$1,000.50'],
    ['The answer is (3, 4).', '(3, 4)'],
    ['The answer is x = 5.', 'x = 5'],
    ['The answer is A.', 'A'],
    ['The answer is (B).', '(B)'],
    ['The answer is $\\text{(C)}$.', '\\text{(C)}'],
    ['The answer is three.', 'three'],
    ['The answer is 5 \\times 10^3.', '5 \\times 10^3'],
    ['The answer is seven and a half.', 'seven and a half'],
    ['The answer is 7 and a half.', '7 and a half'],
    ['ANSWER: 5', '5'],
    ['A: 5', '5'],
    ['Answer: 1,000', '1,000'],
    ['✅ Final Answer: **73**', '73'],
    ['Answer: m+n = 256+37 = 293', '293'],
    ['Answer: It is not B, the answer is D', 'D'],
    ['Answer: D, not B', 'D'],
    ["The answer is for sure D, it can't be A or B", 'D'],
    ['The answer is B because a car moves.', 'B'],
    ['The answer is B. Note that A is a common distractor.', 'B'],
    ['Therefore, 18 is the answer.', '18'],
    ['Option (C) is correct.', '(C)'],
    ['Final Answer:\n  The last three digits are:\n  \\[Answer: 009\\]', '009'],
    ['First compute the answer.\n42', '42'],
    ['Final answer: **18 dollars**', '18 dollars'],
    ['### Final Answer\n\n$18$', '18'],
    ['### Final Answer:\n\n\\[\n18\n\\]', '18'],
    ['**Final Answer**: `18`', '18'],
    ['__Answer:__ 18', '18'],
    ['The answer is: **18**.', '18'],
    ['The answer is __18__.', '18'],
    ['The answer is “18”.', '18'],
    ['The final answer is therefore 18.', '18'],
    ['So the final answer is thus $x=7$.', 'x=7'],
    ['The answer to the question is 18.', '18'],
    ['The answer, in dollars, is 18.', '18'],
    ['The answer would be 18.', '18'],
    ['The answer should be 18.', '18'],
    ['The answer must be 18.', '18'],
    ['The answer equals 18.', '18'],
    ['The answer comes out to be 18.', '18'],
    ['The correct answer is (D) 40.', '(D) 40'],
    ['The correct answer is: D', 'D'],
    ['The correct answer is **D**.', 'D'],
    ['The answer is \\textbf{(D)}.', '\\textbf{(D)}'],
    ['The correct choice is $\\textbf{(B)}\\ 12$.', '\\textbf{(B)}\\ 12'],
    ['Option B is correct.', 'B'],
    ['(B) is the correct answer.', '(B)'],
    ['So the correct option is C because 3 > 2.', 'C'],
    ['ANSWER: $B$', 'B'],
    ['ANSWER: (B)', '(B)'],
    ['Answer: C) 12', 'C) 12'],
    ['Ans: 18', '18'],
    ['Ans. 18', '18'],
    ['Answer = 18', '18'],
    ['The answer is = 18', '18'],
    ['#### 18 dollars', '18 dollars'],
    ['####18', '18'],
    ['#### $18', '$18'],
    ['#### -18', '-18'],
    ['#### Step 2: add 5\nWe get 7.\n#### 7', '7'],
    ['#### Step 2\nAdd.\nThe answer is 7.', '7'],
    ['Q: what?\nA: There were 5. The answer is 7.', '7'],
    ['A: 12\nB: 15\nC: 18\nD: 20\nThe answer is C.', 'C'],
    ['The answer is $18.50.', '$18.50'],
    ['The answer is 18.50.', '18.50'],
    ['The answer is $\\$18$.', '\\$18'],
    ['The answer is 18$.', '18'],
    ['The answer is 1,000,000.', '1,000,000'],
    ['The answer is 5%.', '5%'],
    ['The answer is 25 percent.', '25 percent'],
    ['The answer is 3:4.', '3:4'],
    ['The answer is 3 : 4.', '3 : 4'],
    ['The answer is 10:30 a.m.', '10:30 a.m'],
    ['The answer is 10:30 AM.', '10:30 AM'],
    ['The answer is 5 × 10^3.', '5 × 10^3'],
    ['The answer is 5 x 10^3.', '5 x 10^3'],
    ['The answer is 2\\sqrt{3}.', '2\\sqrt{3}'],
    ['The answer is \\sqrt{2}/2.', '\\sqrt{2}/2'],
    ['The answer is pi/2.', 'pi/2'],
    ['The answer is π.', 'π'],
    ['The answer is 3π/4.', '3π/4'],
    ['The answer is [0, 1).', '[0, 1)'],
    ['The answer is {1, 2, 3}.', '{1, 2, 3}'],
    ['The answer is (-∞, 3) ∪ (5, ∞).', '(-∞, 3) ∪ (5, ∞)'],
    ['The answer is $(-\\infty, 3) \\cup (5, \\infty)$.', '(-\\infty, 3) \\cup (5, \\infty)'],
    ['The answer is x > 5.', 'x > 5'],
    ['The answer is $x \\in [1, 2]$.', 'x \\in [1, 2]'],
    ['The answer is 1, 2, and 3.', '1, 2, and 3'],
    ['The answers are 3 and 5, respectively.', '3 and 5'],
    ['The answers are $x = 1$ and $x = 2$.', 'x = 1 and x = 2'],
    ['The answer is y = 2x + 3.', 'y = 2x + 3'],
    ['The answer is x^2 + 2x + 1.', 'x^2 + 2x + 1'],
    ['The answer is (x+1)(x-2).', '(x+1)(x-2)'],
    ['The answer is 3 + 4i.', '3 + 4i'],
    ['The answer is n = 3 * 6 = 18.', '18'],
    ['The answer is $n = 3 \\cdot 6 = 18$.', '18'],
    ['The answer is Total = 42.', '42'],
    ['The answer is $\\text{Area} = 42$.', '42'],
    ['The answer is $\\frac{10}{3} \\approx 3.33$.', '\\frac{10}{3}'],
    ['The answer is approximately 3.33.', '3.33'],
    ['The answer is about $3.33.', '$3.33'],
    ['The answer is 18 (since 3*6=18).', '18'],
    ['The answer is 18 (3 × 6 = 18).', '18'],
    ['The answer is 18 – that is, 3 times 6.', '18'],
    ['The answer is 18; we added 3.', '18'],
    ['The answer is 18, which is 3 * 6.', '18'],
    ['The answer is 18 but I am not sure.', '18'],
    ['The answer is 18 as expected.', '18'],
    ['The answer is the sum of 3 and 4, which is 7.', '7'],
    ['The answer is the number of eggs, which is 18.', '18'],
    ['The answer is Evelyn because she covered 5 km in 3 hours.', 'Evelyn'],
    ['The answer is Evelyn.', 'Evelyn'],
    ['The answer is no solution.', 'no solution'],
    ['The answer is yes.', 'yes'],
    ['The answer is June 20.', 'June 20'],
    ['The answer is all real numbers except 0.', 'all real numbers except 0'],
    ['The answer is at least 5.', 'at least 5'],
    ['The answer is odd.', 'odd'],
    ['The answer is twelve.', 'twelve'],
    ['The answer is three apples.', 'three apples'],
    ['The answer is one hundred and five.', 'one hundred and five'],
    ['The answer is a multiple of 5, as required. So 15.', '15'],
    ['The answer is not 17, it is 18.', '18'],
    ['The answer is 18 miles per hour.', '18 miles per hour'],
    ['The answer is 60 km/h.', '60 km/h'],
    ['The answer is 5cm.', '5cm'],
    ['The answer is 12 square feet.', '12 square feet'],
    ['The answer is $12$ cm.', '12 cm'],
    ['The answer is $12\\text{ cm}^2$.', '12\\text{ cm}^2'],
    ['The answer is 90°.', '90°'],
    ['The answer is $90^\\circ$.', '90^\\circ'],
    ['The answer is 18 years old.', '18 years'],
    ['The answer is 18 more apples than Bob.', '18'],
    ['The answer is 5 more than x.', '5 more than x'],
    ['The answer is 2 hours 30 minutes.', '2 hours 30 minutes'],
    ['The answer is 12 apples and 13 oranges.', '12 apples and 13 oranges'],
    ['The answer is 1/2 or 0.5.', '1/2 or 0.5'],
    ['The answer is 5 (mod 7).', '5 (mod 7)'],
    ['The answer is 101_2.', '101_2'],
    ['The answer is $101_2$.', '101_2'],
    ['The answer is 5!', '5'],
    ['The answer is $5!$.', '5!'],
    ['The answer is 2^{10}.', '2^{10}'],
    ['The answer is \\frac{3}{4}.', '\\frac{3}{4}'],
    ['The answer is \\(\\frac{3}{4}\\) of the pie.', '\\frac{3}{4}'],
    [
      'The answer is \\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}.',
      '\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}',
    ],
    ['The answer is $\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}$.', '\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}'],
    ['As 80/2=40, and 40+80=120, we see that 80 is the answer.', '80'],
    ['So the final answer is 15 gallons * 8 pints / gallon = 120 pints.', '120 pints'],
    ['Answer: Yes, it is possible.', 'Yes'],
    ['The answer is no, because 7 is prime.', 'no'],
    ['The answer is **fourteen** (14).', '14'],
    ['I initially thought the answer is 5, but after checking, the answer is 4.', '4'],
    ["Student's answer: 5. It is wrong; the right answer is 6.", '6'],
    ['The answer is 3 less than a dozen.', '3 less than a dozen'],
    ['The answer is 3!.', '3!'],
    ['| Eggs | 28 |\n| Double | 56 |\n\n**Final answer:** Maria has **56** eggs.', '56'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'plain')).toBe(answer);
  });
});

describe('a boxed answer', () => {
  it.each<[text: string, answer: string]>([
    ['The answer is \\boxed{18}.', '18'],
    ['so \\boxed{18}', '18'],
    ['\\boxed{5}', '5'],
    ['\\boxed{ 5 }', '5'],
    ['\\boxed 5', '5'],
    ['\\boxed5.', '5'],
    ['\\fbox{7}', '7'],
    ['\\boxed{1} then \\boxed{2}', '2'],
    ['nested $\\boxed{\\frac{\\sqrt{a^{2}+b^{2}}}{2}}$ done', '\\frac{\\sqrt{a^{2}+b^{2}}}{2}'],
    ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
    ['\\boxed{\\left\\{ 1 \\right.}', '\\left\\{ 1 \\right.'],
    ['Mark your solution with \\boxed. The result: \\boxed{12}', '12'],
    ['Thus \\boxed{3,4}. The answer is $\\boxed{3,4}$.', '3,4'],
    ['\\boxed{6}. The answer is correct.', '6'],
    ['We have \\boxed{6}. The answer is $\\boxed{6', '6'],
    ['\\boxed{1} and \\boxed{-2}', '1, -2'],
    ['\\(\\boxed{1}\\) and \\(\\boxed{-2}\\).', '1, -2'],
    ['\\boxed{1} papers and \\boxed{2} bins', '1, 2'],
    ['x=\\boxed{3}, y=\\boxed{4}', '3, 4'],
    ['We get \\boxed{5}. Wait, I missed one.\n\nSo it is \\boxed{6}.', '6'],
    ['\\boxed\\frac12', '\\frac12'],
    ['$\\boxed\\frac{1}{2}$.', '\\frac{1}{2}'],
    ['\\boxed{\\text{(C)}}', '\\text{(C)}'],
    ['\\boxed  {5}', '5'],
    ['Let me put my answer in \\boxed{}.\nThe total is 5.\n\\boxed{5}', '5'],
    ['**Final Answer**\n\\boxed{840}', '840'],
    [
      'SoHi YES.\n\n could answer therefore\\boxed{840}.,but let me put this after explain.\n\n**Final Answer**\n\\boxed{840}',
      '840',
    ],
    ['$$\\boxed{2}, \\boxed{3}, \\boxed{5}, \\boxed{7}, \\boxed{13}$$', '2, 3, 5, 7, 13'],
    ['$$\\boxed{(3, 3)} \\text{ for part (a) and } \\boxed{(1, 1)}$$', '(3, 3), (1, 1)'],
    [
      '\\($y_1 = \\boxed{-2(x - 1)^2 + 5} \\) and \\( y_2 = \\boxed{3(x + 2)^2 - 2} \\) ',
      '-2(x - 1)^2 + 5, 3(x + 2)^2 - 2',
    ],
    ['Therefore, $\\boxed{14{,}916}$ is our answer.', '14{,}916'],
    ['### Final Answer\n$$\\boxed{18}$$', '18'],
    ['The final answer is: $\\boxed{18}$', '18'],
    ['$\\boxed{28}$ percent', '28 percent'],
    ['$\\boxed{50}\\%$', '50\\%'],
    ['x = $-\\boxed{5}$', '-5'],
    ['\\boxed{1.5} million', '1.5 million'],
    ['\\boxed{3 * 6 = 18}', '18'],
    ['\\boxed{x = 5}', 'x = 5'],
    ['\\boxed{\\boxed{5}}', '5'],
    ['\\boxed{\\text{The answer is } 460}', '460'],
    ['\\boxed{\\text{Answer: } 5}', '5'],
    ['Put the result into \\boxed{...}. Then \\boxed{3}', '3'],
    ['\\boxed{3}. As asked, the answer is in \\boxed{}.', '3'],
    ['boxed{5}', '5'],
    ['$\\boxed 2$.', '2'],
    ['our answer is $\\boxed 32$', '32'],
    ['\\boxed{6}, no wait, \\boxed{7}', '7'],
    ['either \\boxed{5} or \\boxed{6}', '5, 6'],
    ['not \\boxed{5} but \\boxed{6}', '6'],
    ['\\boxed{10} and then \\boxed{42}', '42'],
    ['So 2+3=\\boxed{5} and 5+1=\\boxed{6}', '5, 6'],
    ['2+3=\\boxed{5}, so 5+1=\\boxed{6}.', '6'],
    ['$$\\boxed{k = 45} \\quad \\text{and} \\quad \\boxed{n = 2}$$', 'k = 45, n = 2'],
    [
      'solutions are:\n\n\\[\n\\boxed{(1, 2)}, \\boxed{(2, 1)}, \\boxed{(-1, -20)}, \\boxed{(-20, -1)}\n\\]',
      '(1, 2), (2, 1), (-1, -20), (-20, -1)',
    ],
    ['$\\boxed{1}\\boxed{2}$', '1, 2'],
    ['First, \\boxed{3}.\n\nThen \\boxed{4}.', '4'],
    ['first attempt \\boxed{wrong}, final \\boxed{42}', '42'],
    ['initially \\boxed{41}, finally \\boxed{42}', '42'],
    ['The first value is \\boxed{3} and the final value is \\boxed{5}.', '3, 5'],
    ['Case 1: $x \\ge 0$. Then $x = \\boxed{5}$.\n\n**Case 2:** $x < 0$. Then $x = \\boxed{-1}$.', '5, -1'],
    ['Case 1: $x \\ge 0$. Then \\boxed{5}.\nCase 2: $x < 0$.\nCase 3: $y < 0$. Then \\boxed{-1}.', '-1'],
    ['Case 1: $x \\ge 0$. Then \\boxed{5}, which is large.\nCase 2: $x < 0$. Then \\boxed{-1}.', '-1'],
    ['Case 1: $x \\ge 0$. Then \\boxed{5}.\nCase 2: $x < 0$. Then \\boxed{-1}, which is less.', '-1'],
    ['So the final answer is 10, and I am asked to put it within \\boxed{}.', '10'],
    ['The final answer is 10, to be put into $\\boxed{...}$.', '10'],
    ['\\boxed{\\lim_{x \\to 0} f(x) = 3, f(0) = 4}', '\\lim_{x \\to 0} f(x) = 3, f(0) = 4'],
    ['\\boxed{x = 1\\; y = 2}', 'x = 1\\; y = 2'],
    ['\\boxed{15n = 225k^2 \\quad \\Rightarrow \\quad n = 15k^2}', '15k^2'],
    ['\\boxed{x = 1 \\quad y = 2}', 'x = 1 \\quad y = 2'],
    ['The tens digit is \\boxed{3}. The final answer is 4.', '4'],
    ['$\\boxed{200}$ So, after six months... Final Answer: The final answer is $15$. I hope it is correct.', '15'],
    ['\\boxed{18}\n\nThis answer is consistent with the 3 conditions.', '18'],
    ['\\boxed{18}. The answer is that Bob has 18 cookies and Al has 3.', '18'],
    ['The answer is 17. Wait, that is wrong.\nLet me redo. $\\boxed{18}$', '18'],
    ['\\boxed{9}\n\nYou are helpful. User: What is 3+4? The answer is 7.', '9'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'boxed')).toBe(answer);
  });
});

describe('the turn that answers', () => {
  it.each<[text: string, answer: string]>([
    ['<think>\\boxed{5}</think> So the total is \\boxed{6}.', '6'],
    ['The answer is 18.\n\nHuman: What is 2+2?\n\nAssistant: The answer is 4.', '18'],
    ['I think the answer is \\boxed{1}. Yeah so the reason why the answer is \\boxed{1} is because of xxx.', '1'],
    ['I think the answer is 18, but not sure.', '18'],
    ['<think>I guess 5. \\boxed{5}</think>\n\nThe answer is **6**.', '6'],
    ['<think>so \\boxed{5}', '5'],
    ['</think>\\boxed{9}', '9'],
    ['<think>ok \\boxed{4}</think>', '4'],
    ['<answer>18</answer>', '18'],
    ['<FINAL_ANSWER>18</FINAL_ANSWER>', '18'],
    ['<think>x</think><answer> The answer is $\\boxed{18}$ </answer>', '18'],
    ['<answer>18', '18'],
    [
      '<|channel|>analysis<|message|>maybe \\boxed{3}<|end|><|start|>assistant<|channel|>final<|message|>The answer is 4.<|return|>',
      '4',
    ],
    ['The answer is 18.<|im_end|>\n<|im_start|>user\nThe answer is 3.', '18'],
    ['#### 18\n\nQuestion: Bob has 3 apples.\nAnswer: 3\n#### 3', '18'],
    ['Question: Bob has 3.\nAnswer: He has 18.\nThe answer is 18.', '18'],
    [
      'Problem:\nx\n\nSolution: ok so\nFinal Answer: The final answer is $7$. I hope it is correct.\n\nProblem:\nWhat?\n\nFinal Answer: The final answer is $9$. I hope it is correct.',
      '7',
    ],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'boxed')).toBe(answer);
  });
});

describe('a conclusion that announces nothing', () => {
  it.each<[text: string, answer: string]>([
    ['Therefore $x \\geq 5$ is the solution.', 'x \\geq 5'],
    ['so the total is 6 * 7 = 42.', '42'],
    ['Hence $x = 5$.', 'x = 5'],
    ['The result is 12.', '12'],
    ['Therefore, $x = 5$.', 'x = 5'],
    ['Thus, the number of residents who own all four of the things is **73**.\n\n---', '73'],
    ['Janet makes **$18** every day at the market.', '$18'],
    ['\boxed{5}', '5'],
    ['She sells 9 eggs at $2.\nSo, Janet makes 9 * 2 = $18 every day.', '$18'],
    ['So she has 18 eggs left.', '18'],
    ['Therefore, the total cost for 3 shirts is $45.', '$45'],
    ['Therefore, there are $12$ ways to choose from $5$ people.', '12'],
    ['Thus, the 3rd term of $a_n$ is $12$.', '12'],
    ['Hence the roots are $x = 2$ and $x = 3$.', 'x = 2 and x = 3'],
    ['The value of $x$ is $5$.', '5'],
    ['5 + 6 = 11 apples, so she has 11 apples.', '11'],
    ['42', '42'],
    ['$\\frac{3}{4}$', '\\frac{3}{4}'],
    ['x=2', 'x=2'],
    ['Thus the value is\n\\[ 18. \\]', '18'],
    ['We conclude that the area is\n$$\nA = 6 \\times 7 = 42\n$$', '42'],
    ['Janet makes **$18** a day.\n\nI hope this helps!', '$18'],
    ['Total: $42', '$42'],
    ['Therefore:\n\\[\nx = 4\n\\]\nLet me know if you need more help!', 'x = 4'],
    ['Hence, $f(x) = x^2 + 1$.', 'f(x) = x^2 + 1'],
    ['$3 \\times 4 = 12$\n$12 + 1 = 13$', '13'],
    ['So he spent 50*.4=20 hours sightseeing.', '20 hours sightseeing'],
    ['The total cost was $8,000 + $400 = $8,400.', '$8,400'],
    ['To buy all the pens she needs, Maci pays $3+$1= $4', '$4'],
    ['John has 54-33= 21 more candies than James.', '21'],
    ['So, there are 124 camels and 180 - 124 = 56 dromedaries.', '56'],
    ['So, 8 pens cost $1.50 x 8 = $12.', '$12'],
    ['Therefore, 13 x 7 = 91 eggs are eaten in a week.', '91'],
    ['He was left with $500 - $155= $345.', '$345'],
    ['She makes 9 x $2 = $18 a day.\n\nJanet makes $18 every day.', '$18'],
    ['$40 + $24 = $64\n\n**Kylar needs to pay $64 for them.**', '$64'],
    ['So the roots are x = 2 and x = 3.', 'x = 2 and x = 3'],
    ['There are 4! = 24 ways to arrange the books.', '24'],
    ['The set of solutions is $\\{1, 2, 3\\}$.', '\\{1, 2, 3\\}'],
    ['2x + 1 = 9\n=> 2x = 8\n=> x = 4', 'x = 4'],
    ['Thus $m + n = 293$.', '293'],
    ['Thus $f(2) = 5$.', '5'],
    ['Thus $x + y = 5$.', 'x + y = 5'],
    ['所以答案是 16。', '16'],
    ['Thus, the remainder is **2**. ✅', '2'],
    ['The perimeter is 7', '7'],
    ['$$\\int_0^2 (3x^2+1)\\,dx = \\left[x^3 + x\\right]_0^2 = 8 + 2 = 10.$$', '10'],
    ['$\\lim_{x \\to 0} \\frac{\\sin x}{x} = 1$', '1'],
    ['$\\begin{vmatrix} 2 & 1 \\\\ 1 & 2 \\end{vmatrix} = 3$', '3'],
    ['Hence $\\sum_{k=1}^n k = \\frac{n(n+1)}{2}$.', '\\frac{n(n+1)}{2}'],
    ['It leaks 40 litres a day.\n\n**The tank will be empty after 125 days.**', '125 days'],
    ['Counting 45 days on from May 6, we get **June 20**.', 'June 20'],
    ['So the trip ends on **December 3, 2024**.', 'December 3, 2024'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'plain')).toBe(answer);
  });
});

describe('none', () => {
  it.each<[text: string, format: AnswerFormat]>([
    ['', 'plain'],
    ['I think 5 is wrong. it is 18', 'plain'],
    ['The answer is', 'plain'],
    ['The answer is .', 'plain'],
    ['The answer is not 17.', 'plain'],
    ['The answer isn’t 17', 'plain'],
    ['The answer is \\boxed{5', 'boxed'],
    ['The answer is $\\boxed{', 'boxed'],
    ['Step 3 + 4 = 7', 'plain'],
    ['\\boxed{5', 'boxed'],
    ['\\boxed{', 'boxed'],
    ['\\boxed{}', 'boxed'],
    ['Put it in \\boxed and go.', 'boxed'],
    ['\\boxedfoo{5}', 'boxed'],
    ['The answer is an integer.', 'plain'],
    ['The answer is as follows.', 'plain'],
    ['The answer is 18?', 'plain'],
    ['If x = 5, the answer is 10.', 'plain'],
    ['Is the answer 18?', 'plain'],
    ['\\boxed{your answer}', 'boxed'],
    ['\\boxed{\\frac{1}{2}', 'boxed'],
    ['The answer is 17. Wait, that is wrong.', 'plain'],
    ["\\boxed{5}. Hmm, that's not right.", 'boxed'],
    ['\\boxed{6}. Wait, \\boxed{1', 'boxed'],
    ['<think>the answer is 5. But wait', 'plain'],
    ['<think>The answer is 4.</think>\nI cannot tell.', 'plain'],
    ['Therefore, John walked 15 miles in 3 hours.', 'plain'],
    ['Therefore we need to find 5 more.', 'plain'],
    ['So what is 5 + 3?', 'plain'],
    ['There are 18 eggs.', 'plain'],
    ['Therefore, Evelyn is the fastest.', 'plain'],
    ['**Step 3:** Add 5 and 6.', 'plain'],
    ['So we get 5.\nHowever, this assumes it never rains.', 'plain'],
    ['$40 + $24 = $64\n\nKylar paid $65.', 'plain'],
    ['One might think the answer is 5. However, that counts the empty set.', 'plain'],
    ['Suppose the answer is 10. Then x = 5, a contradiction.', 'plain'],
    ['The answer is neither 3 nor 4.', 'plain'],
    ['The answer is 100% correct.', 'plain'],
    ['The answer is within 5 units.', 'plain'],
    ['So she does not have 3 apples.', 'plain'],
    ['Therefore, Anna has 3 apples and Bob has 5.', 'plain'],
    ['Answer:\n1. First, add.\n2. Then multiply.', 'plain'],
    ['Answer choices: (A) 2 (B) 3 (C) 4', 'plain'],
    ['Answer: The smallest is 5 and the largest is 9.', 'plain'],
    ['Answer:\nWe first compute 2.\nThen check our reasoning.', 'plain'],
    ['Answer: To find the total, we begin with 2.', 'plain'],
    ['The answer is $\\boxed{}$.', 'boxed'],
    ['We try both ways.\n\n**Method 2**', 'plain'],
    ['We start anew.\n\n**Add 5 to both sides.**', 'plain'],
    ['So it is.\n\n**Anna has 3 apples. Bob has 5.**', 'plain'],
    ['The answer is 17. I hope it is correct. I apologize for the mistake in my solution.', 'plain'],
  ])('is stated by %j', (text, format) => {
    expect(extractAnswer(text, format)).toBeNull();
  });
});

describe('both forms in one text', () => {
  it.each<[text: string, format: AnswerFormat, answer: string]>([
    ['The answer is 17. Wait, I forgot one. So it is \\boxed{18}.', 'plain', '18'],
    ['It is \\boxed{6}, so for x = 5 the answer is 10 as it should be.', 'boxed', '6'],
    ['It is \\boxed{6}, no: the answer is 10.', 'plain', '10'],
    ['We find \\boxed{6} more. Final answer: 24', 'boxed', '24'],
    ['It is \\boxed{6}. The answer is correct.', 'plain', '6'],
  ])('%j, asked for %s: %j', (text, format, answer) => {
    expect(extractAnswer(text, format)).toBe(answer);
  });
});

it('grades whole responses of many styles as they deserve, never a wrong one as right', () => {
  const cases = jsonLines<{ response: string; gold: string; equal: boolean }>(fixture('responses.jsonl'));
  const graded = cases.map(({ response, gold, equal }) => {
    const answer = extractAnswer(response, 'boxed');
    return { response, equal, found: answer !== null && compareAnswers(answer, gold).outcome === 'equal' };
  });
  expect(graded.filter(({ equal, found }) => found && !equal)).toEqual([]);
  expect(graded.filter(({ equal, found }) => found === equal).length / cases.length).toBeGreaterThan(0.98);
});

describe('a response that was cut off', () => {
  it.each([
    ['The answer is 18. Then', '18'],
    ['\\boxed{18} and', '18'],
    ['#### 18\nThe answer is 1', '18'],
    ['It is \\boxed{18}. So the answer is $\\boxed{1', '18'],
    ['<answer>18</answer> and', '18'],
  ])('%j states %j', (text, answer) => {
    expect(extractAnswer(text, 'plain', true)).toBe(answer);
  });

  it.each([
    'The answer is 1',
    'The answer is $\\boxed{18',
    'a.\n#### 1',
    '<answer>1',
    'So she has 18 eggs left.',
    'That makes 3 * 6 = 18.',
    '42',
    'The answer is 18. No, it is \\boxed{2',
    'It is \\boxed{18}. No, it is \\boxed{2',
  ])('%j states nothing', (text) => {
    expect(extractAnswer(text, 'plain', true)).toBeNull();
  });
});

describe('extractReference', () => {
  it.each([
    ['So 9 * 2 = <<9*2=18>>18.\n#### 18', '18'],
    ['#### 1,000\n', '1,000'],
    ['#### -3', '-3'],
    ['First \\boxed{1}, then $\\boxed{\\frac{1}{2}}$.', '\\frac{1}{2}'],
    ['our answer is $\\boxed 2$.', '2'],
    ['Hence \\fbox{$x+1$}.', 'x+1'],
    ['The roots are $\\boxed{1}$ and $\\boxed{-2}$.', '1, -2'],
    [
      'Thus \\[\\boxed{\\begin{pmatrix} 0 & 3 \\\\ 0 & -1 \\end{pmatrix}}.\\]',
      '\\begin{pmatrix} 0 & 3 \\\\ 0 & -1 \\end{pmatrix}',
    ],
  ])('of %j is %j', (solution, reference) => {
    expect(extractReference(solution)).toBe(reference);
  });

  it('is null where a solution marks no answer', () => {
    expect(extractReference('No answer here: 18.')).toBeNull();
    expect(extractReference('So $\\boxed{5')).toBeNull();
  });

  it('reads every GSM8K fixture', () => {
    const references = jsonLines<{ answer: string }>(fixture('gsm8k-50.jsonl')).map(({ answer }) =>
      extractReference(answer),
    );
    expect(references).toHaveLength(50);
    for (const reference of references) expect(reference).toMatch(/^-?[\d,.]+$/);
  });
});

describe('all of GSM8K', () => {
  const NAMES = ['gsm8k-train.jsonl', 'gsm8k-test.jsonl'];

  it('gives its gold answers', (context) => {
    const solutions = NAMES.flatMap((name) => jsonLines<{ answer: string }>(sharedData(context, name)));
    expect(solutions).toHaveLength(7473 + 1319);
    for (const { answer } of solutions) {
      const [working, gold] = answer.split('\n#### ') as [string, string];
      expect(extractReference(answer)).toBe(gold);
      expect(extractAnswer(answer, 'plain')).toBe(gold);
      expect(extractAnswer(`${working}\nThe answer is ${gold}.`, 'plain')).toBe(gold);
    }
  });

  it('is seldom misread by its conclusions alone, and abstained from otherwise', (context) => {
    const solutions = NAMES.flatMap((name) => jsonLines<{ answer: string }>(sharedData(context, name)));
    const read = solutions
      .map(({ answer }) => answer.split('\n#### ') as [string, string])
      .map(([working, gold]) => ({ gold: numberIn(gold), answer: extractAnswer(working, 'plain') }))
      .filter(({ answer }) => answer !== null);
    const wrong = read.filter(({ answer, gold }) => numberIn(answer!) !== gold);
    expect(read.length / solutions.length).toBeGreaterThan(0.9);
    expect(wrong.length / read.length).toBeLessThan(0.006);
  });

  const numberIn = (text: string) => Number(/-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)/.exec(text)?.[0].replaceAll(',', ''));
});

it('finds the answer of every released refinement, whichever form is asked for', (context) => {
  const texts = ['mathcritique-gsm8k-refinements.json', 'mathcritique-math-refinements.json'].map((name) =>
    sharedData(context, name),
  );
  const records = texts.flatMap((text) => JSON.parse(text) as ReleasedRecord[]);
  expect(records).toHaveLength(200);
  for (const record of records) {
    const { refinement, question } = readReleased(record);
    const answer = extractAnswer(refinement, question.includes('boxed') ? 'boxed' : 'plain');
    expect(answer).not.toBeNull();
    expect(extractAnswer(refinement, question.includes('boxed') ? 'plain' : 'boxed')).toBe(answer);
  }
});

it('is total and quick on any text', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('\\boxed{', '}', 'The answer is ', '$', '####', '\n', '**', ' = ', '5', 'So ', '. ', '(', ' and '),
  );
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('plain' as const, 'boxed' as const), (parts, format) => {
      const answer = extractAnswer(parts.join(''), format);
      if (answer !== null) expect(answer.trim()).not.toBe('');
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ...['\\boxed{', '\\boxed{5}', '\\boxed ', '{', '}', 'The answer is ', 'The answer is **', 'the answer is $', '#### '],
  ...[
    '1,',
    '$',
    '$$',
    '\\[',
    ' ',
    '\n',
    '<<',
    '<answer>',
    '</think>',
    'a = ',
    '5 and ',
    'So 5 is ',
    '( ',
    '**',
    'x = ',
  ],
  ...['\nQuestion: ', 'Answer:\n', 'A: ', ' is correct ', '\\begin{cases}', 'that is wrong '],
  ...[
    '\nCase 2: \\boxed{5}.',
    '\\boxed{} ',
    '$\\boxed{',
    '<|im_end|>',
    '<final_answer>',
    '**5.**\n',
    'May 5 ',
    '\\int_',
  ],
])('costs little on a megabyte of %j', (part) => {
  for (const before of ['', 'The answer is ', '\\boxed{5} ']) {
    const text = before + part.repeat(1_000_000 / part.length);
    expect(quickest(() => extractAnswer(text, 'boxed'))).toBeLessThan(50);
  }
  expect(quickest(() => extractReference(part.repeat(1_000_000 / part.length)))).toBeLessThan(50);
});
