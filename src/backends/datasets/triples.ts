import { readFile } from 'node:fs/promises';
import { END_OF_TEXT, PRIMER } from '../../method/prompts/text.ts';
import type { RefinementTriple } from '../../method/rows.ts';
import { Failure } from '../failures.ts';
import { isObject, readJsonLines } from './jsonl.ts';

/**
 * Refinement triples in the released format: a JSON array of {instruction, input, output}, where the instruction is the whole
 * conversation: question, flawed response, critique.
 * @throws Failure InvalidInput that names the file, the record and what was expected
 */
export async function* readReleasedTriples(path: string, count?: number): AsyncIterable<RefinementTriple> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Failure('InvalidInput', `there is no file ${path}`);
  });
  const records = parseArray(text, path);
  for (const [index, record] of records.slice(0, count).entries()) {
    const triple = parseTriple(record, index);
    if (!triple)
      throw new Failure(
        'InvalidInput',
        `${path}, record ${index + 1}: expected {instruction, output} with an Assistant turn, ${END_OF_TEXT} and a critique`,
      );
    yield triple;
  }
}

/**
 * The same as JSON lines of triples, as `buildCritiques` writes them.
 * @throws Failure InvalidInput that names the file, the line and what was expected
 */
export async function* readTripleLines(
  path: string,
  count = Number.POSITIVE_INFINITY,
): AsyncIterable<RefinementTriple> {
  let rows = 0;
  for await (const { values, where } of readJsonLines(path)) {
    if (rows++ >= count) return;
    const { question, response, critique, refinement } = values;
    const texts = [response, critique, refinement];
    const isQuestion = isObject(question) && typeof question.id === 'string' && typeof question.question === 'string';
    if (!isQuestion || !texts.every((text) => typeof text === 'string'))
      throw new Failure(
        'InvalidInput',
        `${where}: expected {question: {id, question, ...}, response, critique, refinement}`,
      );
    yield values as unknown as RefinementTriple;
  }
}

function parseArray(text: string, path: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw new Failure('InvalidInput', `${path}: expected a JSON array of {instruction, input, output}`);
}

const REQUEST = / ?Please also give your final number in the format of '[^']*'\s*$/;

function parseTriple(record: unknown, index: number): RefinementTriple | null {
  const { instruction, output } = (record ?? {}) as { instruction?: unknown; output?: unknown };
  if (typeof instruction !== 'string' || typeof output !== 'string') return null;
  const [solved, refined] = instruction.split(`\n${END_OF_TEXT}\n`);
  const turns = solved?.split('\n\nAssistant:');
  const critiqueAt = refined?.indexOf('\n\n') ?? -1;
  if (turns?.length !== 2 || !refined || critiqueAt < 0) return null;
  const asked = turns[0]!;
  return {
    question: {
      id: `triple-${index + 1}`,
      question: asked
        .replace(/^Human: /, '')
        .replace(REQUEST, '')
        .trim(),
      reference: '',
      answerFormat: asked.includes('\\boxed') ? 'boxed' : 'plain',
    },
    response: withoutPrimer(turns[1]!),
    critique: refined.slice(critiqueAt).trim(),
    refinement: withoutPrimer(output),
  };
}

/** Some released texts begin with it twice. */
function withoutPrimer(text: string): string {
  const rest = text.trim();
  return rest.startsWith(PRIMER.trim()) ? withoutPrimer(rest.slice(PRIMER.trim().length)) : rest;
}
