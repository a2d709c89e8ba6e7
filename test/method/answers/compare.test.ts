import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../../src/method/answers/compare.ts';
import { extractAnswer, extractReference } from '../../../src/method/answers/extract.ts';
import { DEFAULT_POLICIES, type Policies } from '../../../src/method/answers/policies.ts';
import fc from '../../support/properties.ts';
import { quickest } from '../../support/quickest.ts';
import { jsonLines, sharedData } from '../../support/shared-data.ts';

const outcome = (answer: string, reference: string, policies: Partial<Policies> = {}) =>
  compareAnswers(answer, reference, { ...DEFAULT_POLICIES, ...policies }).outcome;

/** Lines of two answers with a bar between. */
const pairs = (lines: string) =>
  lines
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' | ') as [string, string]);

/** Every row of the table "Answer matching" of method.md H that is about equality: what the reference scripts get wrong. */
describe('what the reference scripts get wrong', () => {
  it.each([
    ['fractions', '\\frac{1}{2}', ['0.5', '\\frac{2}{4}', '1/2'], ['\\frac{1}{3}', '2']],
    ['the sign of a fraction', '-\\frac{3}{4}', ['\\frac{-3}{4}', '-3/4', '\\frac{3}{-4}'], ['\\frac{3}{4}']],
    ['thousands', '1{,}000', ['1,000', '1000', '1\\,000', '1,\\!000'], ['1', '1,00', '1.000']],
    ['products', '23', ['23'], ['2\\cdot 3', '2 \\times 3']],
    ['scientific notation', '2000', ['2\\cdot10^{3}', '2e3', '2 \\times 10^3'], ['210^{3}', '2\\cdot10^{2}']],
    ['spaces between digits', '12', ['12', ' 12 '], ['1 2']],
    ['spaces that group no thousands', '100', ['100'], ['1 00']],
    ['leading zeros', '5', ['05', '5.0'], ['0.5', '50']],
    ['percent', '50', ['50\\%', '50%', '50 percent'], ['0.5\\%', '500\\%']],
    ['a named value', '5', ['x=5', 'x = 5', '5 = x'], ['x=6', 'x>5']],
    ['radicals', '2\\sqrt{3}', ['\\sqrt{12}', '\\sqrt{3}\\cdot2', '\\frac{6}{\\sqrt{3}}'], ['3\\sqrt{2}', '\\sqrt{6}']],
    ['expansion', 'x^2+2x+1', ['(x+1)^2', '(1+x)(x+1)'], ['x^2+1', '(x+2)^2']],
    ['mixed numbers', '\\frac{3}{2}', ['1\\frac{1}{2}', '1 1/2'], ['\\frac{1}{2}', '\\frac{11}{2}']],
    [
      'fractions of symbols',
      '\\frac{11\\pi}{6}',
      ['11\\pi/6', '\\frac{11}{6}\\pi'],
      ['\\frac{11}{6}', '\\frac{11}{6\\pi}'],
    ],
    [
      'cells of a matrix',
      '\\begin{pmatrix}\\frac{1}{2}\\\\3\\end{pmatrix}',
      ['\\begin{bmatrix}1/2\\\\3\\end{bmatrix}'],
      ['\\begin{pmatrix}3\\\\1/2\\end{pmatrix}'],
    ],
    ['the order of a set', '\\{1,2,3\\}', ['3,2,1', '\\{3,2,1\\}'], ['\\{1,2\\}', '(1,2,3)']],
    ['the order of a tuple', '(1,2,3)', ['(1,2,3)', '(1, 2, 3.0)'], ['(3,2,1)', '\\{1,2,3\\}']],
    ['units in text', '90', ['90\\text{degrees}', '90^\\circ', '3\\cdot30\\text{ degrees}'], ['91\\text{degrees}']],
    ['units in words', '3', ['3 apples'], ['4 apples', 'apples']],
    ['lists in words', '\\{12,13\\}', ['12\\text{ and }13', '12 and 13', '13, 12'], ['1213', '12']],
    ['a second text', '5', ['5\\text{ cm}\\text{ }', '\\text{5}\\text{ cm}'], ['6\\text{ cm}\\text{ }']],
    ['fonts', 'yes', ['\\textbf{yes}', '\\mathrm{yes}', '\\text{Yes}'], ['no']],
    ['the letters i and j', 'i', ['i', '\\sqrt{-1}'], ['j', '-i']],
    ['empty text', '\\text{}5', ['5'], ['6']],
    ['times', '10:30', ['10:30'], ['10', '10:03']],
    ['powers as programs write them', '9', ['3**2', '3^2'], ['9**9**9', '3*2']],
  ])('%s: %s', (_, reference, same, others) => {
    for (const answer of same) expect(outcome(answer, reference), answer).toBe('equal');
    for (const answer of others) expect(outcome(answer, reference), answer).not.toBe('equal');
  });
});

describe('the same, whichever is the reference', () => {
  it.each(
    pairs(String.raw`
      0.5 | \frac{1}{2}
      \frac{2}{4} | \frac{1}{2}
      -\frac{3}{4} | \frac{-3}{4}
      -3/4 | -\frac{3}{4}
      1,000 | 1{,}000
      1000 | 1{,}000
      2\cdot10^{3} | 2000
      05 | 5
      50 | 50\%
      50% | 50\%
      x=5 | 5
      1\frac{1}{2} | \frac{3}{2}
      \begin{pmatrix} 1/2 \\ 3 \end{pmatrix} | \begin{bmatrix}\frac{1}{2}\\3\end{bmatrix}
      1,2,3 | 3,2,1
      90 | 90\text{degrees}
      90^\circ | 90
      3 apples | 3
      12\text{ and }13 | \{12,13\}
      5\text{ cm}\text{ } | 5
      \textbf{yes} | \mathrm{yes}
      5 | \text{}5
      1/2 | 0.5
      3**2 | 9
      3 * 6 | 18
      $18 | 18
      \$18.00 | 18
      18 dollars | $18
      7 3/4 | 7.75
      .5 | 0.5
      1.5e3 | 1,500
      1.5 million | 1500000
      2 million dollars | 2,000,000
      12 \text{ cm}^2 | 12
      12 cm^2 | 12 \text{ cm}^2
      5 hours | 5 hour
      5 m | 5\text{ m}
      2\sqrt3\text{ m} | 2\sqrt{3}
      \dfrac12 | \tfrac{1}{2}
      {5} | 5
      (5) | 5
      -(3-5) | 2
      2^{-1} | 0.5
      (1, 4.5) | (1,\frac{9}{2})
      (7,11),\ (11,7) | (11,7)\text{ or }(7,11)
      [0, \infty) | [0,+\infty)
      x\in[0,1) | [0,1)
      (C) | \text{C}
      evelyn | \text{Evelyn}
      12:00 | 12:00
      2^{2025} | 2^{2025}
      4210_{5} | 4210_5
      x \geq 5 | x >= 5
      \frac{1}{2} | 0.5
      \sqrt{12} | 2\sqrt{3}
      (x+1)^2 | x^2+2x+1
      11\pi/6 | \frac{11\pi}{6}
      0.\overline{3} | \frac13
      0.1\overline{6} | \frac{1}{6}
      \frac{\sqrt{6}+\sqrt{2}}{4} | \cos 15^\circ
      \sqrt{3+2\sqrt{2}} | 1+\sqrt{2}
      \log_2 8 | 3
      \ln 4 | 2\ln 2
      \log 100 | 2
      5! | 120
      \binom{5}{2} | 10
      {5 \choose 2} | 10
      C(5,2) | 10
      e^{i\pi} | -1
      e^{2x} | (e^x)^2
      \sin^2 x | 1-\cos^2 x
      \tan^{-1} 1 | \frac{\pi}{4}
      \arctan(1) | \pi/4
      \frac12x | \frac{x}{2}
      x/2 | \frac12 x
      2x(x+1) | 2x^2+2x
      (x-1)(x+1) | x^2-1
      \frac{x^2-1}{x-1} | x+1
      3 \times 10^8 | 300000000
      3e8 | 3\times10^8
      2^{10} | 1024
      -\frac{1}{2} | \frac{-1}{2}
      x>3 | 3<x
      -2\le x\le 7 | 7\ge x\ge-2
      (-\infty,\infty) | \mathbb{R}
      \text{all real numbers} | (-\infty,\infty)
      \{x \mid x>3\} | (3,\infty)
      \{1,2,3\} | 3,2,1
      \{5\} | 5
      \emptyset | \text{no solution}
      \varnothing | \emptyset
      y=2x+1 | 2x+1
      y=2x+1 | 2x-y+1=0
      x = 1, y = 2 | (1,2)
      (x,y)=(1,2) | (1,2)
      x=1,y=2 | y=2, x=1
      \begin{pmatrix}1\\2\end{pmatrix} | (1,2)
      \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{bmatrix}1&2\\3&4\end{bmatrix}
      \langle 1,2,3\rangle | (1,2,3)
      \pm 3 | 3,-3
      x=\pm\sqrt{2} | \sqrt2, -\sqrt2
      2\pm\sqrt3 | 2+\sqrt{3}, 2-\sqrt{3}
      5 \text{ cm} | 5
      5\text{ cm}^2 | 5 \text{ square centimeters}
      12 \text{ inches} | 12
      100 \text{ cm} | 1 \text{ m}
      $5.00 | 5
      5 dollars | \$5
      50 cents | \$0.50
      50\% | 0.5
      50\% | 50
      25% | \frac{1}{4}
      7\frac{1}{2} | 7.5
      7 1/2 | \frac{15}{2}
      1,234,567 | 1234567
      1 234 567 | 1234567
      ½ | 0.5
      2½ | 2.5
      x² | x^2
      √2/2 | \frac{\sqrt{2}}{2}
      sqrt(2)/2 | \frac{1}{\sqrt{2}}
      pi/2 | \frac{\pi}{2}
      2*pi | 2\pi
      x**2 + 1 | x^2+1
      e^(2x) | e^{2x}
      −5 | -5
      12:30 PM | 12:30 p.m.
      \text{(B)} | B
      (B) | \text{B}
      \textbf{(B)}\ 7 | B
      \textbf{(B)}\ 7 | 7
      \text{Yes} | yes
      Monday | \text{Monday}
      f(x)=x^2 | x^2
      f(x) = 3x+1 | 3x + 1
      a_n = 2^n | 2^n
      2k\pi, k\in\mathbb{Z} | 2k\pi
      \frac{a}{b} | a/b
      \sqrt[3]{8} | 2
      \sqrt[3]{-8} | -2
      \lvert -5\rvert | 5
      \lfloor 3.7 \rfloor | 3
      \cos\frac{\pi}{3} | \frac12
      \frac{n(n+1)}{2} | \frac{n^2+n}{2}
      \sum_{k=1}^{n} k | \sum_{k=1}^n k
      \sum_{k=1}^{10} k | 55
      101_2 | 101_{2}
      3:4 | 3:4
      90^\circ | \frac{\pi}{2}
      60^{\circ} | 60
      \frac{1}{3},\frac{2}{3} | 1/3, 2/3
      1, 2, \text{ and } 3 | 1,2,3
      6\sqrt{2} \text{ units} | 6\sqrt2
      a+b | b+a
      ab | ba
      3abc | 3bca
      \frac{3\sqrt{3}}{4}\pi | \frac{3\pi\sqrt{3}}{4}
      \left(\frac{3}{2}, -\frac12\right) | (1.5,-0.5)
      \boxed{5} | 5
      5. | 5
      **5** | 5
      \$5\text{ million} | 5000000
      five | 5
      twenty-one | 21
      z = 3+4i | 4i+3
      \frac{3+4i}{5} | 0.6+0.8i
      x^{-1} | \frac1x
      \frac{d}{2} | d/2
      10^{-3} | 0.001
      0.001 | 1 \times 10^{-3}
      (0, 1] | (0,1]
      2n | 2 n
      5\text{ or }-5 | \pm5
      t = \frac{3}{2}\text{ seconds} | 1.5
      \dfrac{9}{7} \text{feet} | \frac{9}{7}
      3x^2y | 3yx^2
      \sqrt{x^2+1} | (x^2+1)^{1/2}
      \cot x | \frac{\cos x}{\sin x}
      \sec x | 1/\cos x
      \sin 2x | 2\sin x\cos x
      \ln(ab) | \ln a+\ln b
      \log_3 x | \frac{\ln x}{\ln 3}
      2^{x+1} | 2\cdot 2^x
      \frac{1}{1+\sqrt{2}} | \sqrt{2}-1
      n! | n\cdot(n-1)!
      (n+1)! | (n+1)n!
      \frac{n!}{(n-2)!} | n(n-1)
      \mathrm{lcm}(4,6) | 12
      \gcd(4,6) | 2
      \max(1,3) | 3
      17 \bmod 5 | 2
      \overrightarrow{AB} | \overrightarrow{AB}
      \text{Friday} | Friday.
      4.0 | 4
      007 | 7
      1{,}5 | 1.5
      \text{east} | East
      4\text{ hours } | 240 \text{ minutes}
      x=2\text{ or }x=3 | 2,3
      x\in\{2,3\} | 2, 3
      x = 2,3 | x=3, x=2
      m^2+n^2 | n^2+m^2
      0.333333333333 | \frac13
      3.14159265358979 | \pi
      (2,3),(3,2) | (3,2),(2,3)
      \{(2,3),(3,2)\} | (3,2),(2,3)
      [1,2]\cup[2,3] | [1,3]
      3\frac{1}{4}\text{ miles} | 3.25
      \frac{5\pi}{6}\text{ radians} | \frac{5\pi}{6}
      20 minutes/day | 20
      $2/hour | 2
      $18,000/year | 18000
      60 g | 60
      24 min | 24
      54 cubic ft | 54
      50 sq feet | 50 \text{ ft}^2
      5 minutes per mile | 5 \text{ min/mile}
      30 mph | 30 \text{ miles per hour}
      7 and a half | 7.5
      f(2) = 5 | 5
      \angle APC = 74^\circ | 74
      \begin{pmatrix}1/3\\2/3\end{pmatrix} | \frac13\begin{pmatrix}1\\2\end{pmatrix}
      1A_{16} | 1a_{16}
      \sum_{k=0}^n a_k | \sum_{j=0}^n a_j
      \sum_{k=1}^n k | \frac{n(n+1)}{2}
      (1,3) U (5,7) | (1,3)\cup(5,7)
      x>1 \text{ and } x<3 | 1<x<3
      x>1 \text{ and } x<3 | x<3 \text{ and } x>1
      x>0 \text{ or } x>1 | x>0
      x=1 \text{ and } y=2 | x=1, y=2
      p=5,q=2;p=7,q=2 | (5,2),(7,2)
      p=5,q=2;p=7,q=3 | p=7,q=3;p=5,q=2
      p=5,q=2;p=7,q=3 | p=5,q=2 \text{ and } p=7,q=3
      1,2;3,4 | 1,2,3,4
      k\pi, k\in\mathbb{Z} | n\pi,\ n\in\mathbb{Z}
      x=k\pi, k\in\mathbb{Z} | x=n\pi,\ n\in\mathbb{Z}
      (\pm1, 0) | (1,0),(-1,0)
      (x,y)=(0,\pm\sqrt{3}) | (0,\sqrt3),(0,-\sqrt3)
      \{\pm1, 0\} | -1,0,1
      1011_{\text{two}} | 1011_2
      \text{March } 14^{\text{th}} | March 14
      -7°C | -7
      4^{\circ}\text{C} | 4 \text{ degrees Celsius}
      4\,^\circ\mathrm{F} | 4°F
      90^\circ \text{ counterclockwise} | 90^\circ
      $\boxed{1}\boxed{2}$ | 1,2
      \(\boxed{6 \text{ and } 8}\) | 6,8
      \[\boxed{x = 42}\] | x=42
      \boxed{a=4,\,-8,\,-10} | -10,-8,4
      \boxed{x = -5,\ p = \frac{14}{3}} | -5, \frac{14}{3}
      \boxed{ p = 5, q = 2 \quad \text{and} \quad p = 7, q = 2} | p=5,q=2;p=7,q=2
      x=\boxed{5} | 5
      42<|endoftext|> | 42
      42 <|im_end|> | 42
      A. Blue | A
      C. the third one | C
      C) 12 | 12
      A, C | \text{A and C}
      6.0 + 9.0*I | 6+9i
      (-oo, 3) | (-\infty,3)
      a \not= 0 | a\neq 0
      x \not\in A | x \notin A
      3{:}30\text{ p.m.} | 3:30 PM
      \dbinom{n}{2} | \frac{n(n-1)}{2}
      {}_7C_2 | 21
      ^7C_2 | 21
      {}_{10}P_{3} | 720
      y=2, x=1 | (x,y)=(1,2)
      (x,y)=(1,2) | (y,x)=(2,1)
      \begin{cases}x=1\\y=2\end{cases} | (x,y)=(1,2)
      \begin{cases}x=1\\y=2\end{cases} | \begin{cases}y=2\\x=1\end{cases}
      |x|>1 | x<-1 \text{ or } x>1
      |2x+1|\le3 | -2\le x\le1
      |1-x|\ge3 | x\le-2 \text{ or } x\ge4
      1\le|z|\le\frac32 | -1.5\le z\le-1 \text{ or } 1\le z\le1.5
    `),
  )('%s and %s', (answer, reference) => {
    expect(outcome(answer, reference)).toBe('equal');
    expect(outcome(reference, answer)).toBe('equal');
  });
});

describe('not the same, whichever is the reference', () => {
  it.each(
    pairs(String.raw`
      2\cdot 3 | 23
      2\cdot10^{3} | 210^{3}
      1 2 | 12
      1 00 | 100
      (1,2,3) | (3,2,1)
      12\text{ and }13 | 1213
      12 or 13 | 12
      j | i
      10:30 | 10
      18 | -18
      0.33 | \frac{1}{3}
      32, 349 | 32349
      (1, 234) | 1234
      1,00 | 100
      1,2 | 12
      5 cm | 5 m
      10 am | 10 pm
      5 or more | 5
      5 pi | 5
      5x | 5
      2(3) | 23
      x=5 | y=5
      x=3 or x=4 | x=3
      11a+c | 7 = 11a+c
      [2,5] | [2,5)
      \{1,3\} | (1,3)
      1,1,2 | 1,2,2
      E | e
      \text{oddd} | odd
      2^{2025} | 3^{2025}
      4210_6 | 4210_5
      \frac{1}{0} | 0
      \sqrt{2} | \sqrt2+1
      50% | 0.05
      1 | 2
      (1,2) | [1,2]
      (1,2) | (2,1)
      \{1,2\} | \{1,2,3\}
      5 cents | \$5
      2^{100} | 2^{101}
      10^{100} | 10^{100}+1
      \sqrt{10^{60}+1} | 10^{30}
      x<3 | x\le 3
      x<3 | x>3
      x>3 | x>4
      (-\infty,1)\cup(2,\infty) | (-\infty,1)\cap(2,\infty)
      [1,2)\cup(2,3] | [1,3]
      3+4i | 3-4i
      \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&3\\2&4\end{pmatrix}
      \begin{vmatrix}1&2\\3&4\end{vmatrix} | \begin{pmatrix}1&2\\3&4\end{pmatrix}
      \pm 3 | 3
      3 | \pm 3
      \sqrt{x^2} | x
      x^2 | y^2
      x+1 | x-1
      \sin x | \cos x
      \frac{a}{b} | \frac{b}{a}
      y=2x+1 | y=2x-1
      y = 2x | y=3x
      12:30 | 12:03
      12:30 PM | 12:30 AM
      3:4 | 4:3
      A | B
      (A) | (B)
      yes | no
      Monday | Tuesday
      listen | silent
      101_2 | 101_3
      2,3 | 2,3,4
      2,2,3 | 2,3,3
      5 apples | 5 oranges
      1/3 | 0.33
      1/3 | 0.3333
      \pi | 3.1416
      \frac{22}{7} | \pi
      50\% | 0.05
      1,234 | 1.234
      1,234 | 234
      12 | 1,2
      100000000000000000001 | 100000000000000000002
      0.1+0.2 | 0.30000000000000004
      \frac{1}{2^{98}} | \frac{1}{2^{99}}
      e^{100} | e^{101}
      \infty | -\infty
      \infty | 0
      \text{undefined} | 0
      \emptyset | \{0\}
      \text{no solution} | 0
      n! | n
      \sqrt{2} | \sqrt[3]{2}
      2\sqrt{3} | 3\sqrt{2}
      -x | x
      -(x+1) | -x+1
      x^2+1 | x^2+1=0
      \lvert x\rvert | x
      2x | x2 + 1
      \log 2 | \ln 2
      3 feet | 3 inches
      1 | 1\text{ or }2
      (1,2,3) | (1,2)
      (0,1) | (0,1,0)
      x \in [1,2] | x \in (1,2)
      2k\pi | k\pi
      f(x)=x^2 | f(x)=x^3
      1\frac{1}{2} | \frac{1}{2}
      1\frac12 | \frac{11}{2}
      \frac{11}{2} | \frac{1}{12}
      x^{12} | x^{1}2
      90^\circ | \pi
      3.0001 | 3
      123456789.1 | 123456789.2
      a | A
      i | j
      5, 6 | 5; 7
      \frac{1}{0} | \frac{2}{0}
      0 | \text{}0\text{ or }1
      6\pi | 6
      \text{5 or more} | 5
      at least 5 | 5
      not 5 | 5
      5 - 3 | 5
      4 4/0 | 4
      -4 0/0 | -4
      1 000 0/0 | 1000
      4\frac{0}{0} | 4
      5^2 | 52
      2^3 | 8.5
      -5 | 5
      10 minutes | 10 hours
      x<1 \text{ or } x>2 | 1<x<2
      x<1 \text{ and } x>3 | x<1 \text{ or } x>3
      x>1 \land x<3 | x>1 \lor x<3
      x\ne1 \text{ and } x\ne2 | x\ne1 \text{ or } x\ne2
      x<1 \text{ and } x>3 | x<0 \text{ and } x>4
      1<x<2 | 1\le x\le 2
      (2,3),(3,2) | (2,3),(2,3)
      x=1,y=2 | x=2,y=1
      x=1, y=2 | (2,1)
      0 | \{\}
      y>x | x>y
      1.5\times10^3 | 1.5\times10^4
      3,4 | (3,4,5)
      \text{A and B} | A
      \text{June 20} | \text{June 2}
      7/3 | 7.3
      1/2/3 | 3/2
      \sum_{k=1}^{n} k | \sum_{k=1}^{n} k^2
      \sum_{k=1}^{n} k | \sum_{k=0}^{n-1} k
      \int_0^1 x dx | \int_0^2 x dx
      3 times the number of girls | 3
      f(2) = 5 | f(3) = 5
      1, 2, 3, ... | 1, 2, 3
      \overrightarrow{AB} | \overrightarrow{BA}
      k\pi, k\in\mathbb{N} | k\pi, k\in\mathbb{Z}
      [1,+\infty) | [2^{\frac{1}{2^{1000}}}, \infty)
      a=1 or b=2 | a=1 and b=2
      12 dozen | 12
      ab | AB
      p=5,q=3;p=7,q=2 | p=5,q=2;p=7,q=3
      p=5,q=3;p=7,q=2 | p=5,q=2 \text{ and } p=7,q=3
      1,2;3,4 | 1,3;2,4
      2k\pi, k\in\mathbb{Z} | n\pi, n\in\mathbb{Z}
      2k\pi, k\in\mathbb{Z} | 2n\pi
      k\pi, k\in\mathbb{N} | n\pi, n\in\mathbb{Z}
      x>3, x\in\mathbb{Z} | n>3, n\in\mathbb{Z}
      (\pm1, 0) | (1,-1,0)
      (\pm1, \pm2) | (1,2),(-1,-2)
      1011_{\text{three}} | 1011_2
      \text{March } 14^{\text{th}} | March 15
      14^{\text{th}} | 14
      4°C | 4°F
      (3, 1) | x<1 \text{ and } x>3
      (1, 1) | x<1 \text{ and } x>3
      4^\circ C | 4^\circ
      -7°C | 7°C
      A. Blue | B
      A. Blue | B. Blue
      A. 1 | A. 2
      9*I | 9
      _7C_2 | _7P_2
      \dbinom{n}{3} | \frac{n(n-1)}{2}
      y=1, x=2 | (x,y)=(1,2)
      x=1 \text{ or } y=2 | (x,y)=(1,2)
      \begin{cases}x=2\\y=1\end{cases} | (x,y)=(1,2)
      |x|>1 | x>1
      |x|>1 | |y|>1
      |x|<1 | |x|\le1
      |x^2|>1 | x>1
      |x-y|<1 | -1<x<1
      |z|=1 | z=\pm1
    `),
  )('%s and %s', (answer, reference) => {
    expect(outcome(answer, reference)).not.toBe('equal');
    expect(outcome(reference, answer)).not.toBe('equal');
  });
});

describe('a set answers an inequality', () => {
  it.each(
    pairs(String.raw`
      (3,\infty) | x>3
      [-2,7] | -2\le x\le 7
      (-\infty,3)\cup(3,\infty) | x\neq 3
      \mathbb{R}\setminus\{3\} | x\neq3
      (-\infty,1)\cup(2,\infty) | x<1 \text{ or } x>2
      (-\infty,1)\cup(2,\infty) | x<1, x>2
      (1,2) | x>1, x<2
      (1,2) | x>1 \text{ and } x<2
      (3,\infty) | \{x : x>3\}
      (-\infty, 2] | x \le 2
    `),
  )('%s for %s', (answer, reference) => {
    expect(outcome(answer, reference)).toBe('equal');
  });
});

it('takes "and" between inequalities at its word, and a comma as it makes sense', () => {
  expect(outcome('(-\\infty,1)\\cup(3,\\infty)', 'x<1 \\text{ and } x>3')).toBe('different');
  expect(outcome('(-\\infty,1)\\cup(3,\\infty)', 'x<1, x>3')).toBe('equal');
  expect(outcome('(-\\infty,1)\\cup(1,3)\\cup(3,\\infty)', 'x\\ne1, and x\\ne3')).toBe('equal');
});

describe('policies', () => {
  it.each<[Partial<Policies>, string, string, boolean]>([
    [{}, '50\\%', '50', true],
    [{ percent: 'strict' }, '50\\%', '50', false],
    [{ percent: 'strict' }, '50\\%', '0.5', true],
    [{}, '5', '5 \\text{ cm}', true],
    [{ units: 'strict' }, '5', '5 \\text{ cm}', false],
    [{ units: 'strict' }, '100 \\text{ cm}', '1 \\text{ m}', true],
    [{}, '4,5', '4.5', true],
    [{ decimalComma: false }, '4,5', '4.5', false],
    [{}, '4,5', '45', false],
    [{}, '1.414213562373', '\\sqrt{2}', true],
    [{}, '1.41421356', '\\sqrt{2}', false],
    [{ roundedDigits: 5 }, '1.4142', '\\sqrt{2}', true],
    [{ roundedDigits: null }, '1.4142135623730951', '\\sqrt{2}', false],
    [{}, '-2 \\le x \\le 7', 'x \\in [-2,7]', false],
    [{}, 'x \\in [-2,7]', '-2 \\le x \\le 7', true],
    [{}, 'x > 3', '(3,\\infty)', false],
    [{ inequalityForSet: true }, '-2 \\le x \\le 7', 'x \\in [-2,7]', true],
    [{ inequalityForSet: true }, 'x \\ne 3', '\\mathbb{R}\\setminus\\{3\\}', true],
  ])('%j: %s for %s is %s', (policies, answer, reference, equal) => {
    expect(outcome(answer, reference, policies) === 'equal').toBe(equal);
  });
});

it('takes a value that is restated for one', () => {
  expect(outcome('1/2 or 0.5', '0.5')).toBe('equal');
  expect(outcome('3/8, or 37.5%', '\\frac{3}{8}')).toBe('equal');
  expect(outcome('1/2 or 1/3', '0.5')).toBe('different');
});

it('says what decided', () => {
  const rule = (answer: string, reference: string) => compareAnswers(answer, reference).rule;
  expect(rule('June 20', '\\text{June 20}')).toBe('text');
  expect(rule('5.0', '5')).toBe('number');
  expect(rule('2\\sqrt{3}', '\\sqrt{12}')).toBe('symbolic');
  expect(rule('1,2', '2,1')).toBe('list');
  expect(rule('\\{1,2\\}', '2,1')).toBe('set');
  expect(rule('x>1', '1<x')).toBe('relation');
  expect(rule('[0,1)', '[0,1.0)')).toBe('tuple');
});

it('says which side could not be read, and what costs too much', () => {
  expect(compareAnswers('', '5')).toEqual({ outcome: 'unparsed-response', rule: 'empty' });
  expect(compareAnswers('\\text{}', '5')).toEqual({ outcome: 'unparsed-response', rule: 'empty' });
  expect(compareAnswers('5', ' ')).toEqual({ outcome: 'unparsed-reference', rule: 'empty' });
  expect(compareAnswers('9'.repeat(4001), '9')).toEqual({ outcome: 'unparsed-response', rule: 'too long' });
  expect(compareAnswers('10^{99999}', '10^{99998}\\cdot10')).toEqual({ outcome: 'timeout', rule: 'too much work' });
});

describe('numbers', () => {
  const number = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 10_000 }));

  it('are equal to themselves in every spelling', () => {
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 50 }), ([above, below], factor) => {
        const spellings = [
          `${above}/${below}`,
          `\\frac{${above * factor}}{${below * factor}}`,
          `$\\dfrac{${above}}{${below}}$`,
        ];
        for (const spelling of spellings) expect(outcome(spelling, spellings[0]!)).toBe('equal');
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (value) => {
        for (const spelling of [
          value.toLocaleString('en-US'),
          `${value}.0`,
          `${value} apples`,
          `x = ${value}`,
          `(${value})`,
        ])
          expect(outcome(spelling, `${value}`)).toBe('equal');
      }),
    );
  });

  it('are never equal to others', () => {
    fc.assert(
      fc.property(number, number, ([a, b], [c, d]) => {
        fc.pre(BigInt(a) * BigInt(d) !== BigInt(c) * BigInt(b));
        expect(outcome(`\\frac{${a}}{${b}}`, `${c}/${d}`)).toBe('different');
      }),
    );
  });
});

describe('formulas', () => {
  const leaf = fc.oneof(fc.constantFrom('x', 'y', '\\pi'), fc.integer({ min: 1, max: 9 }).map(String));
  const formula = fc.letrec<{ it: string }>((tie) => ({
    it: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.tuple(tie('it'), tie('it')).map(([a, b]) => `\\left(${a}+${b}\\right)`),
      fc.tuple(tie('it'), tie('it')).map(([a, b]) => `${a}\\cdot ${b}`),
      fc.tuple(tie('it'), tie('it')).map(([a, b]) => `\\frac{${a}}{${b}}`),
      tie('it').map((a) => `\\sqrt{${a}}`),
      tie('it').map((a) => `{${a}}^{2}`),
    ),
  })).it;

  it('are equal to themselves rewritten, and different from themselves plus a little', () => {
    fc.assert(
      fc.property(formula, formula, (a, b) => {
        expect(outcome(`(${a})+(${b})`, `(${b})+(${a})`)).toBe('equal');
        expect(outcome(`((${a})+(${b}))^2`, `(${a})^2+2(${a})(${b})+(${b})^2`)).toBe('equal');
        expect(outcome(`${a}+10^{-9}`, a)).toBe('different');
        expect(outcome(`\\frac{1}{${a}}+1`, `\\frac{1}{${a}}`)).toBe('different');
      }),
      { numRuns: 200 },
    );
  });

  it('that only nearly agree are different', () => {
    for (const [a, b] of pairs(String.raw`
      \sqrt{10^{60}+1} | 10^{30}
      10^{50}x+1 | 10^{50}x+2
      (1+\sqrt2)^{1000}+1 | (1+\sqrt2)^{1000}+2
      (x+y)^{100}+1 | (x+y)^{100}+2
      \sin(10^{-40}) | 10^{-40}
      e^{\pi\sqrt{163}} | 262537412640768744
      \frac{355}{113} | \pi
    `))
      expect(outcome(a, b), a).not.toBe('equal');
  });
});

describe('hostile answers', () => {
  const deep = (open: string, close: string, times: number) => `${open.repeat(times)}2${close.repeat(times)}`;
  const HOSTILE = [
    ...['9**9**9', '9^{9^{9}}', '2^{2^{2^{2^{2}}}}', '10!!!!', '((10!)!)!', '1e999999999', '10^{99999999}'],
    ...['\\binom{1000000}{500000}', '\\binom{10^{29}}{2000}', '2000!', '\\sin(10^{30})', 'e^{e^{e^{e}}}'],
    ...[deep('{', '}', 10_000), deep('(', ')', 1900), deep('\\sqrt{', '}', 300), deep('\\frac{1}{', '}', 300)],
    ...[deep('\\sin(', ')', 40), deep('x^{', '}', 50), deep('\\sqrt{2+', '}', 50), deep('|', '|', 900)],
    ...['9'.repeat(1_000_000), 'a'.repeat(1_000_000), '9'.repeat(3999), '1+'.repeat(1999), 'x+'.repeat(700)],
    ...['1,'.repeat(1999), '1,'.repeat(190), '\\sin(x)+'.repeat(200), '\\arctan(x)'.repeat(100), '1 '.repeat(1999)],
    ...[
      ' '.repeat(3999),
      ','.repeat(3999),
      'a='.repeat(1999),
      '\\left'.repeat(700),
      '$'.repeat(3999),
      '$a'.repeat(1999),
    ],
    ...[
      '\\text{'.repeat(600),
      '{,'.repeat(1900),
      '\\,'.repeat(1900),
      '1,\\!'.repeat(900),
      '-'.repeat(3999),
      '*'.repeat(3999),
    ],
    ...[
      '[0,1)\\cup'.repeat(300),
      '1<'.repeat(900),
      '1:'.repeat(900),
      '5!'.repeat(900),
      "x'".repeat(1000),
      '\\pm1'.repeat(99),
    ],
    ...[
      '\\sum_{k=1}^{100}\\sum_{j=1}^{100}\\sum_{i=1}^{100}ijk',
      '(\\sqrt{2}+\\sqrt{3}+\\sqrt{5})^{99}',
      '(x+y)^{100000}',
    ],
    ...[
      '|x|<'.repeat(900),
      '|2x+1|<3,'.repeat(200),
      '|\\sin x|<1 or '.repeat(150),
      '<|im_end|> '.repeat(360),
      '{}'.repeat(1900),
    ],
    ...[
      '_7'.repeat(1900),
      '^7C_'.repeat(900),
      '(\\pm1,'.repeat(600),
      'k\\in\\mathbb{Z},'.repeat(200),
      '\\boxed{'.repeat(550),
      '\\boxed{1}'.repeat(440),
    ],
    ...['1^{\\text{'.repeat(380), '7^\\circ C'.repeat(400), 'A. '.repeat(1300), '\\not'.repeat(900), '*I'.repeat(1900)],
    ...['__proto__', 'constructor', '\\constructor', '\\hasOwnProperty{x}', 'toString', 'process.exit(1)'],
    ...['\0\0', '\ud800', '\u202e321', '\ufeff', '\\', '\\\\', '\\begin{pmatrix}', '\\end{pmatrix}', '^', '_', '&'],
    ...['\\frac1.', '\\frac11.'],
  ];

  it('cost little and are never equal', () => {
    for (const text of HOSTILE)
      for (const reference of ['42', 'x', '1,2,3', '(1,2)', 'x>3', '\\sin x', `${text.slice(0, 3000)}+1`]) {
        expect(outcome(text, reference), text.slice(0, 40)).not.toBe('equal');
        expect(
          quickest(() => outcome(text, reference)),
          text.slice(0, 40),
        ).toBeLessThan(50);
      }
  });

  it('have an outcome, whatever they are', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        ...[
          '\\frac',
          '\\sqrt',
          '{',
          '}',
          '(',
          ')',
          '[',
          ']',
          '1',
          ',',
          '^',
          '_',
          '\\text{',
          '%',
          ' and ',
          '*',
          '=',
          '<',
        ],
        ...[
          '\\le',
          '\\cup',
          '\\in',
          '\\{',
          '\\}',
          '|',
          '\\pm',
          '\\sin',
          'x',
          '!',
          '\\begin{pmatrix}',
          '&',
          '\\\\',
          '$',
        ],
      ),
    );
    const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (answer, reference) => {
        expect(['equal', 'different', 'unparsed-response', 'unparsed-reference', 'timeout']).toContain(
          outcome(answer, reference),
        );
        expect(['equal', 'unparsed-reference']).toContain(outcome(answer, answer));
        const powersDiffer = answer.replaceAll('1^', '2^');
        expect(outcome(`${powersDiffer}1`, `${powersDiffer}2`)).not.toBe('equal');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('shared cases', () => {
  it('has every GSM8K reference equal to itself and different from itself plus one', (context) => {
    const references = ['train', 'test'].flatMap((split) =>
      jsonLines<{ answer: string }>(sharedData(context, `gsm8k-${split}.jsonl`)).map(
        ({ answer }) => extractReference(answer)!,
      ),
    );
    expect(references).toHaveLength(7473 + 1319);
    for (const reference of references) {
      const next = `${Number(reference.replaceAll(',', '')) + 1}`;
      expect(compareAnswers(`${reference}.00`, reference)).toEqual({ outcome: 'equal', rule: 'number' });
      expect(compareAnswers(next, reference)).toEqual({ outcome: 'different', rule: 'number' });
    }
  });

  it('has no false positive among the grading cases, and at least 97 % right', (context) => {
    interface Case {
      pred?: string;
      response?: string;
      gold: string;
      equal: boolean;
    }
    const cases = jsonLines<Case>(sharedData(context, 'grading-cases.jsonl'));
    const judged = cases.map(({ pred, response, gold, equal }) => {
      const answer = response === undefined ? pred! : extractAnswer(response, 'boxed');
      return { equal, said: answer !== null && outcome(answer, gold) === 'equal' };
    });
    expect(judged.filter(({ equal, said }) => said && !equal)).toEqual([]);
    const right = judged.filter(({ equal, said }) => said === equal).length;
    expect(right / cases.length).toBeGreaterThanOrEqual(0.97);
  });
});
