import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { classify, OddAnswer } from '../../../src/backends/inference/errors.ts';

const answered = (status: number, message = 'some reason', headers: Record<string, string> = {}) =>
  classify(OpenAI.APIError.generate(status, { error: { message } }, undefined, new Headers(headers)));

describe('a status', () => {
  test.each([
    [400, { kind: 'row', finishReason: 'rejected' }],
    [413, { kind: 'row', finishReason: 'rejected' }],
    [422, { kind: 'row', finishReason: 'rejected' }],
    [418, { kind: 'row', finishReason: 'rejected' }],
    [401, { kind: 'run', type: 'Unauthorized' }],
    [403, { kind: 'run', type: 'Unauthorized' }],
    [404, { kind: 'run', type: 'ModelNotFound' }],
    [408, { kind: 'transient' }],
    [409, { kind: 'transient' }],
    [425, { kind: 'transient' }],
    [429, { kind: 'busy' }],
    [500, { kind: 'transient' }],
    [502, { kind: 'transient' }],
    [503, { kind: 'busy' }],
    [504, { kind: 'transient' }],
    [529, { kind: 'transient' }],
  ])('of %i is %j', (status, expected) => {
    expect(answered(status)).toMatchObject({ ...expected, message: `${status} some reason` });
  });
});

describe('a prompt that is too long', () => {
  test.each([
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
    "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 300 input tokens",
    'The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens.',
    "You passed 5000 input tokens and requested 0 output tokens. However, the model's context length is only 4096 tokens",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    'Something about your request [context_length_exceeded]',
  ])('is known by: %s', (message) => {
    expect(answered(400, message)).toMatchObject({ kind: 'row', finishReason: 'context_exceeded' });
  });

  test.each(['n must be 1 when temperature is 0', 'Unknown field: context', 'stop must be a list of length 4 at most'])(
    'is not meant by: %s',
    (message) => {
      expect(answered(400, message)).toMatchObject({ kind: 'row', finishReason: 'rejected' });
    },
  );
});

describe('Retry-After', () => {
  const retryAfter = (value: string, status = 429) => {
    const failed = answered(status, 'later', { 'retry-after': value });
    return 'retryAfter' in failed ? failed.retryAfter : 'none';
  };

  test('in seconds', () => {
    expect(retryAfter('2')).toBe(2000);
    expect(retryAfter('0.5', 503)).toBe(500);
    expect(retryAfter('3', 500)).toBe(3000);
  });

  test('as a date', () => {
    const milliseconds = retryAfter(new Date(Date.now() + 90_000).toUTCString());
    expect(milliseconds).toBeGreaterThan(88_000);
    expect(milliseconds).toBeLessThanOrEqual(90_000);
  });

  test.each(['0', '-5', 'soon', '', 'Wed, 21 Oct 2015 07:28:00 GMT', '1.2.3'])('%j says nothing', (value) => {
    expect(retryAfter(value)).toBeUndefined();
  });
});

test('a broken connection is transient, and says what lies beneath', () => {
  const cause = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:8000') });
  expect(classify(new OpenAI.APIConnectionError({ message: 'Connection error.', cause }))).toEqual({
    kind: 'transient',
    message: 'Connection error.: fetch failed: connect ECONNREFUSED 127.0.0.1:8000',
    retryAfter: undefined,
  });
  expect(classify(new OpenAI.APIConnectionTimeoutError())).toMatchObject({ kind: 'transient' });
  expect(classify(new TypeError('terminated', { cause: new Error('other side closed') }))).toMatchObject({
    kind: 'transient',
    message: 'terminated: other side closed',
  });
});

test('an answer that is none is transient', () => {
  expect(classify(new OddAnswer('2 choices where 3 were asked for'))).toMatchObject({
    kind: 'transient',
    message: '2 choices where 3 were asked for',
  });
});

test('a mistake in this program is no answer of an engine', () => {
  for (const mistake of [new TypeError('x is not a function'), new Error('other'), 'text', undefined])
    expect(() => classify(mistake)).toThrow(mistake as Error);
});
