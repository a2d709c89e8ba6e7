import type { AnswerFormat } from '../rows.ts';
import { findBoxes } from './boxes.ts';

/** The answer stands at the end: of longer texts only this many last characters are read, and only so many candidates tried. */
const MAX_TEXT = 100_000;
const MAX_CANDIDATES = 100;
const MAX_STATEMENT = 2000;

interface Found {
  answer: string;
  start: number;
}

/**
 * The final answer of a whole response, as written; null where it states none, which is an abstention: the text itself is never the
 * answer. The form that was asked for wins (`plain`: the last "The answer is ..."; `boxed`: the last complete box); only where it is
 * absent, the later of the other forms (box, "#### n", "Answer: ...") is taken.
 */
export function extractAnswer(text: string, format: AnswerFormat): string | null {
  const read = text.slice(-MAX_TEXT).replace(/<<[^<>\n]{0,200}>>/g, '');
  const found =
    format === 'boxed'
      ? (lastBox(read) ?? later(lastPhrase(read), lastHash(read)))
      : (lastPhrase(read) ?? later(lastBox(read), lastHash(read)));
  return found?.answer ?? null;
}

/** The gold answer of a worked solution: GSM8K's `#### n`, else MATH's last box. */
export function extractReference(solution: string): string | null {
  return /^####[ \t]*(\S.*)$/m.exec(solution)?.[1]?.trim() ?? findBoxes(solution).at(-1)?.content ?? null;
}

function later(a: Found | null, b: Found | null): Found | null {
  if (!a || !b) return a ?? b;
  return a.start > b.start ? a : b;
}

function lastBox(text: string): Found | null {
  const box = findBoxes(text).at(-1);
  return box ? { answer: box.content, start: box.start } : null;
}

function lastHash(text: string): Found | null {
  const line = [...text.matchAll(/^####[ \t]*(\S[^\n]*)$/gm)].at(-1);
  return line ? { answer: line[1]!.trim(), start: line.index } : null;
}

/** The last "answer is ..." that states something. */
function lastPhrase(text: string): Found | null {
  const phrases = [...text.matchAll(/\banswer\s*(?:is|:|=)(?!\w)/gi)].slice(-MAX_CANDIDATES);
  for (const phrase of phrases.reverse()) {
    const from = phrase.index + phrase[0].length;
    const answer = readStatement(text.slice(from, from + MAX_STATEMENT).replace(/^[\s:*]+/, ''));
    if (answer) return { answer, start: phrase.index };
  }
  return null;
}

/** The answer at the beginning of what follows "The answer is". */
function readStatement(rest: string): string | null {
  const line = rest.split('\n', 1)[0]!.replace(/\*\*(?![\w(\\])|(?<![\w)])\*\*/g, '');
  const end = line.search(/[.!?](?:\s|$)/);
  const sentence = end < 0 ? line : line.slice(0, end);
  if (/\\(?:boxed|fbox)(?![A-Za-z])/.test(sentence)) return findBoxes(line)[0]?.content ?? null;

  const formula = /^(?:\$\$?(?! )(.+?)(?<! )\$\$?(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\])/.exec(line);
  if (formula) return rightSide((formula[1] ?? formula[2] ?? formula[3])!.trim());

  const clause = sentence.split(/,? (?:because|since|as|so|which|where|when|if)\b/i, 1)[0]!.trim();
  if (clause === '' || /^not\b/i.test(clause)) return null;
  return readNumber(rightSide(clause));
}

/** "3 * 6 = 18" states 18; "x = 5 or x = 7" states both. */
function rightSide(statement: string): string {
  if (/\b(?:and|or)\b|\\text|,\s|;/.test(statement)) return statement;
  return statement.split('=').at(-1)!.trim();
}

const NUMBER = String.raw`[-+−]?[$£€]?\\?\$?[-+−]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)`;
const LEADING = new RegExp(`^${NUMBER}(?:\\s*[-+*/×÷−]\\s*${NUMBER}|\\s+\\d+/\\d+)*(?:\\s*\\\\?%)?(?=[\\s,;]|$)`);
const STANDALONE = new RegExp(`(?<![^\\s(])${NUMBER}\\\\?%?(?=[\\s,;:)]|$)`, 'g');
const GOES_ON =
  /^(?:\s+[A-Za-z]+){0,3}\s*(?:,|;|&|\b(?:and|or|to|plus|minus|times|by|out of)\b)\s*(?:and |or )?[-$]?\d/;

/**
 * The number that a sentence states: the one it begins with ("18 apples"), else the only one in it ("the number of eggs is 18").
 * Of several ("12 and 13") none is picked: the sentence is the answer.
 */
function readNumber(sentence: string): string {
  const leading = LEADING.exec(sentence)?.[0];
  if (leading !== undefined) {
    const rest = sentence.slice(leading.length);
    const goesOn = GOES_ON.test(rest);
    const scaled = /^\s+(?:hundred|thousand|million|billion|percent)\b/i.exec(rest)?.[0] ?? '';
    return goesOn ? sentence : leading + scaled;
  }
  const numbers = sentence.match(STANDALONE) ?? [];
  const digitGroups = sentence.match(/\d+(?:[.,]\d+)*/g) ?? [];
  return numbers.length === 1 && digitGroups.length === 1 ? numbers[0]! : sentence;
}
