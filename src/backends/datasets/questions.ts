import { extractReference } from '../../method/answers/extract.ts';
import { digest } from '../../method/random.ts';
import type { AnswerFormat, Level, Question } from '../../method/rows.ts';
import { Failure } from '../failures.ts';
import { type Row, readFiles } from './files.ts';
import { isObject } from './jsonl.ts';

/** Where a row's final answer stands: after `#### ` (gsm8k), in the last box (math), or it is the whole field (plain). */
export type AnswerConvention = 'gsm8k' | 'math' | 'plain';

/** How a row becomes a question: names of fields, `a.b` for one inside another. */
export interface Shape {
  fields: {
    question: string;
    answer: string;
    /** Where it is not the answer's own field. */
    solution?: string | undefined;
    level?: string | undefined;
    /** Of several names the first that a row has. */
    subject?: string | readonly string[] | undefined;
    id?: string | undefined;
  };
  answers: AnswerConvention;
}

/**
 * The questions of files. A question's id is its row's own; else a hash of its text, which is the same in every file, format and
 * order, with a number where an earlier question has the same text.
 * @param name begins the ids that come from the text
 * @throws Failure InvalidInput that names the file, the line, record or row, the field, what it has and what was expected
 */
export async function* readQuestions(files: readonly string[], shape: Shape, name: string): AsyncIterable<Question> {
  const { id } = shape.fields;
  const identify = id === undefined ? idsFromText(name) : ownIds(id);
  const fields = Object.values(shape.fields).flatMap((field) => field ?? []);
  for await (const row of readFiles(files, fields)) {
    const question = toQuestion(row, shape);
    yield { id: identify(row, question.question), ...question };
  }
}

type Identify = (row: Row, question: string) => string;

function idsFromText(name: string): Identify {
  const copies = new Map<number, number>();
  return (_, question) => {
    const hash = digest(question.replace(/\s+/g, ' '));
    const copy = (copies.get(hash) ?? 0) + 1;
    copies.set(hash, copy);
    return `${name}-${hash.toString(36)}${copy > 1 ? `-${copy}` : ''}`;
  };
}

function ownIds(field: string): Identify {
  const seen = new Set<string>();
  return (row) => {
    const id = readAnswer(row, field);
    if (seen.has(id)) throw wrong(row, field, 'an id that no row before has', id);
    seen.add(id);
    return id;
  };
}

const FORMATS: Record<AnswerConvention, AnswerFormat> = { gsm8k: 'plain', math: 'boxed', plain: 'plain' };

function toQuestion(row: Row, { fields, answers }: Shape): Omit<Question, 'id'> {
  const question = fieldOf(row, fields.question);
  if (typeof question !== 'string' || question.trim() === '') throw wrong(row, fields.question, 'a text', question);
  const answer = readAnswer(row, fields.answer);
  const reference = answers === 'plain' ? answer : extractReference(answer);
  if (!reference) {
    const expected = answers === 'math' ? '\\boxed{answer}' : 'answer after "#### "';
    throw new Failure('InvalidInput', `${row.where}: "${fields.answer}" has no ${expected}: ${answer.slice(-80)}`);
  }
  const ownSolution = answers === 'plain' ? undefined : answer;
  const solution = fields.solution === undefined ? ownSolution : readText(row, fields.solution);
  const level = fields.level === undefined ? undefined : readLevel(row, fields.level);
  const subject = fields.subject === undefined ? undefined : readText(row, ...[fields.subject].flat());
  return {
    question: question.trim(),
    reference,
    ...(solution !== undefined && { solution }),
    ...(level !== undefined && { level }),
    ...(subject !== undefined && { subject }),
    answerFormat: FORMATS[answers],
  };
}

/** A text or a number, as text. */
function readAnswer(row: Row, field: string): string {
  const value = fieldOf(row, field);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw wrong(row, field, 'a text for a number of more than 15 digits', value);
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
  if (text.trim() === '') throw wrong(row, field, 'a text', value);
  return text.trim();
}

/** A text, or none where the field is null or empty. */
function readText(row: Row, ...fields: string[]): string | undefined {
  const field = fields.find((name) => fieldOf(row, name) !== undefined) ?? fields[0]!;
  const value = fieldOf(row, field);
  if (value !== null && typeof value !== 'string') throw wrong(row, field, 'a text', value);
  return value?.trim() || undefined;
}

/** 1 to 5 or "Level 1" to "Level 5"; none where it is null, or "Level ?", which MATH has. */
function readLevel(row: Row, field: string): Level | undefined {
  const value = fieldOf(row, field);
  if (value === null || value === 'Level ?') return undefined;
  const level = /^(?:Level )?([1-5])$/.exec(String(value))?.[1];
  if (!level) throw wrong(row, field, '1 to 5 or "Level 1" to "Level 5"', value);
  return Number(level) as Level;
}

/** What a field has; undefined where there is no such field. */
function fieldOf({ values }: Row, field: string): unknown {
  if (Object.hasOwn(values, field)) return values[field];
  let value: unknown = values;
  for (const name of field.split('.')) value = isObject(value) ? value[name] : undefined;
  return value;
}

function wrong({ values, where }: Row, field: string, expected: string, value: unknown): Failure {
  const got = value === undefined ? `only ${Object.keys(values).join(', ')}` : show(value);
  return new Failure('InvalidInput', `${where}: expected ${expected} in "${field}", got ${got}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)).slice(0, 80);
}
