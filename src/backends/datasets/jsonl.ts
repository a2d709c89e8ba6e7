import { createReadStream, statSync } from 'node:fs';
import { extractReference } from '../../method/answers/extract.ts';
import type { AnswerFormat, Question } from '../../method/rows.ts';
import { Failure } from '../failures.ts';
import { readLines } from '../storage/artifacts.ts';

/** Where a line's final answer stands: after `#### ` (gsm8k), in the last box (math), or it is the whole field (plain). */
export type AnswerConvention = 'gsm8k' | 'math' | 'plain';

export interface JsonLinesRequest {
  path: string;
  /** Begins every question's id. */
  name: string;
  fields: { question: string; answer: string };
  answers: AnswerConvention;
  count?: number | undefined;
}

/**
 * Questions from JSON lines, their ids the line numbers.
 * @throws Failure InvalidInput that names the file, the line and what was expected
 */
export async function* readJsonLines(request: JsonLinesRequest): AsyncIterable<Question> {
  const { path, name, fields, answers, count = Number.POSITIVE_INFINITY } = request;
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new Failure('InvalidInput', `there is no file ${path}`);
  let line = 0;
  let found = 0;
  for await (const text of readLines(createReadStream(path))) {
    if (found === count) return;
    line++;
    if (text.trim() === '') continue;
    found++;
    const where = `${path}, line ${line}`;
    const row = parse(text, where);
    const question = stringField(row, fields.question, where);
    const answer = stringField(row, fields.answer, where);
    const reference = answers === 'plain' ? answer.trim() : extractReference(answer);
    if (!reference)
      throw new Failure(
        'InvalidInput',
        `${where}: "${fields.answer}" has no ${EXPECTED[answers]}: ${answer.slice(-80)}`,
      );
    yield {
      id: `${name}-${line}`,
      question: question.trim(),
      reference,
      ...(answers !== 'plain' && { solution: answer.trim() }),
      answerFormat: FORMATS[answers],
    };
  }
}

const FORMATS: Record<AnswerConvention, AnswerFormat> = { gsm8k: 'plain', math: 'boxed', plain: 'plain' };
const EXPECTED: Record<AnswerConvention, string> = {
  gsm8k: 'answer after "#### "',
  math: '\\boxed{answer}',
  plain: 'text',
};

function parse(text: string, where: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(text);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new Failure('InvalidInput', `${where}: expected a JSON object, got ${text.slice(0, 80)}`);
}

function stringField(row: Record<string, unknown>, field: string, where: string): string {
  const value = row[field];
  if (typeof value === 'string' && value.trim() !== '') return value;
  const got = value === undefined ? `only ${Object.keys(row).join(', ')}` : JSON.stringify(value);
  throw new Failure('InvalidInput', `${where}: expected a text in "${field}", got ${got}`);
}
