import type { AnswerFormat } from '../../method/rows.ts';

/** One line of a file of answers to grade. */
export interface GradedLine {
  gold: string;
  /** A bare answer, a whole response, or all the responses to one question. */
  given: { pred: string } | { response: string } | { responses: string[] };
  answerFormat?: AnswerFormat;
  /** The truth, where the file knows it. */
  equal?: boolean;
}

const GIVEN = ['pred', 'response', 'responses'] as const;

/** Fields that are not known are left alone. @throws Error that says which field is wrong, what it is and what was expected */
export function readLine(text: string): GradedLine {
  const fields = parseObject(text);
  const { answerFormat, equal } = fields;
  const gold = readText('gold', fields.gold);
  const present = GIVEN.filter((name) => name in fields);
  if (present.length !== 1)
    throw new Error(`got ${present.join(' and ') || 'none'} of ${GIVEN.join(', ')}, expected exactly one`);
  if (answerFormat !== undefined && answerFormat !== 'plain' && answerFormat !== 'boxed')
    throw wrong('answerFormat', answerFormat, '"plain" or "boxed"');
  return {
    gold,
    given: readGiven(present[0]!, fields[present[0]!]),
    ...(answerFormat && { answerFormat }),
    ...(typeof equal === 'boolean' && { equal }),
  };
}

function readGiven(name: (typeof GIVEN)[number], value: unknown): GradedLine['given'] {
  if (name === 'responses') {
    if (!Array.isArray(value) || value.length === 0) throw wrong(name, value, 'a list with at least one response');
    return { responses: value.map((each, i) => readText(`${name}[${i}]`, each)) };
  }
  const text = readText(name, value);
  return name === 'pred' ? { pred: text } : { response: text };
}

/** Files of answers often hold numbers as numbers. */
function readText(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw wrong(field, value, 'a string or a number');
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`expected JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the line', value, 'an object');
  return value as Record<string, unknown>;
}

const wrong = (field: string, value: unknown, expected: string) =>
  new Error(
    value === undefined
      ? `${field} is missing, expected ${expected}`
      : `${field}: got ${JSON.stringify(value).slice(0, 80)}, expected ${expected}`,
  );
