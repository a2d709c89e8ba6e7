import type { z } from 'zod';
import { asText, shorten, show } from '../method/show.ts';

/** One mistake of an input: which field, what was there, what was expected. */
export interface InputIssue {
  field: string;
  message: string;
}

export type Parsed<T> = { value: T; issues?: never } | { value?: never; issues: InputIssue[] };

/** What parses an input of that type. */
export type InputSchema<T> = z.ZodType<T>;

/** Parses an input and names every mistake at once. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): Parsed<z.output<S>> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { value: result.data };
  return { issues: result.error.issues.flatMap((issue) => describe(issue)) };
}

/** More than these nobody reads, and a failure has only so much room. */
const MOST_ISSUES = 50;

/** All mistakes in one line, for people: `samples: got "three", expected a number`. */
export function formatIssues(issues: InputIssue[]): string {
  const lines = issues.slice(0, MOST_ISSUES).map((issue) => `${issue.field}: ${issue.message}`);
  const more = issues.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** One mistake, in words. What may be a secret is not repeated. */
export function mistake(field: string, found: unknown, expected: string): InputIssue {
  return { field, message: mayBeSecret(field, found) ? expected : `got ${show(found)}, ${expected}` };
}

function describe(issue: z.core.$ZodIssue): InputIssue[] {
  const field = issue.path.length > 0 ? issue.path.join('.') : '(the input)';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: shorten(issue.path.length > 0 ? `${field}.${key}` : key),
      message: 'is not a known field: check its spelling',
    }));
  const expected = expectation(issue);
  const found = valueAt(issue);
  if (found === undefined) return [{ field, message: `is missing, ${expected}` }];
  return [mistake(field, found, expected)];
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
  return limit ? `expected ${limit.replace(/^(at least 1 \w+)s$/, '$1')}` : issue.message;
}

/** A key in the place of its variable's name or of something else, or a password in a URL. */
const mayBeSecret = (field: string, value: unknown) =>
  /(?:apiKeyEnv|tokenEnv)$/.test(field) || SECRET.test(asText(value));

/** A URL with a user or a query, or how well-known keys begin. */
const SECRET = /:\/\/[^/"]*@|:\/\/[^"]*\?|"(?:sk-|hf_|gh[a-z]_|github_pat_|xox[a-z]-|AKIA|Bearer )/;
