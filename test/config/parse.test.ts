import { describe, expect, it } from 'vitest';
import { formatIssues, mistake } from '../../src/config/parse.ts';

describe('a mistake in words', () => {
  it.each([
    ['x', 'got "x", expected y'],
    [Number.POSITIVE_INFINITY, 'got Infinity, expected y'],
    [{ a: 1 }, 'got {"a":1}, expected y'],
    [JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 'got something nested too deep, expected y'],
    [[].concat, 'got function concat() { [native code] }, expected y'],
    ['a question, is it? see http://host/v1', 'got "a question, is it? see http://host/v1", expected y'],
  ])('says what was there: %#', (found, message) => {
    expect(mistake('field', found, 'expected y')).toEqual({ field: 'field', message });
  });

  it.each([
    'http://me:secret@host/v1',
    'https://secret@host',
    'http://host/v1?api_key=secret',
    'sk-secret',
    'hf_secret',
    'ghp_secret',
    'github_pat_secret',
    'AKIASECRET',
    'Bearer secret',
    { endpoint: { key: 'sk-secret' } },
    ['a', 'hf_secret'],
  ])('does not repeat what may be a secret: %j', (found) => {
    expect(mistake('field', found, 'expected y')).toEqual({ field: 'field', message: 'expected y' });
  });

  it.each(['actor.endpoint.apiKeyEnv', 'push.tokenEnv'])('repeats nothing that stands in %s', (field) => {
    expect(mistake(field, 'anything', 'expected y').message).toBe('expected y');
  });
});

it('of a hundred mistakes fifty are told, and that there are more', () => {
  const issues = Array.from({ length: 100 }, (_, i) => ({ field: `f${i}`, message: 'is wrong' }));
  const lines = formatIssues(issues).split('; ');
  expect(lines).toHaveLength(51);
  expect(lines.slice(-2)).toEqual(['f49: is wrong', 'and 50 more']);
});
