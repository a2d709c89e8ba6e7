import type { z } from 'zod';

/** One mistake of an input: which field, what was there, what was expected. */
export interface InputIssue {
  field: string;
  message: string;
}

export type Parsed<T> = { value: T; issues?: never } | { value?: never; issues: InputIssue[] };

/** Parses an input and names every mistake at once. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): Parsed<z.output<S>> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { value: result.data };
  return { issues: result.error.issues.flatMap((issue) => describe(issue)) };
}

/** All mistakes in one line, for people: `samples: got "three", expected a number`. */
export function formatIssues(issues: InputIssue[]): string {
  return issues.map((issue) => `${issue.field}: ${issue.message}`).join('; ');
}

function describe(issue: z.core.$ZodIssue): InputIssue[] {
  const field = issue.path.length > 0 ? issue.path.join('.') : '(the input)';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: issue.path.length > 0 ? `${field}.${key}` : key,
      message: 'is not a known field: check its spelling',
    }));
  const expected = expectation(issue);
  const found = valueAt(issue);
  if (found === undefined) return [{ field, message: `is missing, ${expected}` }];
  return [{ field, message: mayBeSecret(field, found) ? expected : `got ${show(found)}, ${expected}` }];
}

/** What stands at the issue's path: zod reports a wrong discriminator, and what a refinement misses, with the object that it is in. */
function valueAt(issue: z.core.$ZodIssue): unknown {
  if (issue.code === 'custom' && issue.params?.missing) return undefined;
  const name = issue.code === 'invalid_union' ? issue.discriminator : undefined;
  if (name === undefined || issue.path.at(-1) !== name) return issue.input;
  return (issue.input as Record<string, unknown>)[name];
}

const KINDS: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object {...}',
  array: 'a list [...]',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input: '))
    return `expected ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid '))
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  const bound = /^Too (?:small|big): expected \w+ to (?:be|have) (.*)$/.exec(issue.message);
  const limit = bound?.[1]
    ?.replace(/^>=/, 'at least ')
    .replace(/^<=/, 'at most ')
    .replace(/^>/, 'more than ')
    .replace(/^</, 'less than ');
  return limit ? `expected ${limit}` : issue.message;
}

/** A key in the place of its variable's name, or a password in a URL. */
const mayBeSecret = (field: string, value: unknown) =>
  /(?:apiKeyEnv|tokenEnv)$/.test(field) || (typeof value === 'string' && /\/\/[^/]*@/.test(value));

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
