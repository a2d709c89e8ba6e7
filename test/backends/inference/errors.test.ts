import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/backends/failures.ts';
import {
  ConnectionError,
  classify,
  HttpError,
  isFailing,
  OddAnswer,
  Overdue,
} from '../../../src/backends/inference/errors.ts';

const answered = (status: number, message = 'some reason', headers: Record<string, string> = {}) =>
  classify(new HttpError(status, `${status} ${message}`, headers));

describe('a status', () => {
  test.each([
    [400, { kind: 'row', finishReason: 'rejected' }],
    [413, { kind: 'row', finishReason: 'rejected' }],
    [422, { kind: 'row', finishReason: 'rejected' }],
    [418, { kind: 'row', finishReason: 'rejected' }],
    [307, { kind: 'run', type: 'BadRequest' }],
    [401, { kind: 'run', type: 'Unauthorized' }],
    [402, { kind: 'run', type: 'QuotaExhausted' }],
    [403, { kind: 'run', type: 'Unauthorized' }],
    [404, { kind: 'run', type: 'ModelNotFound' }],
    [501, { kind: 'run', type: 'BadRequest' }],
    [408, { kind: 'down' }],
    [409, { kind: 'down' }],
    [425, { kind: 'down' }],
    [429, { kind: 'busy' }],
    [500, { kind: 'failing' }],
    [502, { kind: 'down' }],
    [503, { kind: 'busy' }],
    [504, { kind: 'down' }],
    [520, { kind: 'failing' }],
    [529, { kind: 'busy' }],
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

  test.each(['Unknown field: context', 'stop must be a list of length 4 at most'])('is not meant by: %s', (message) => {
    expect(answered(400, message)).toMatchObject({ kind: 'row', finishReason: 'rejected' });
  });
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

  test('of more than an hour is not believed', () => {
    expect(retryAfter('86400')).toBe(3_600_000);
    expect(retryAfter(new Date(Date.now() + 86_400_000).toUTCString())).toBe(3_600_000);
  });

  test.each(['0', '-5', 'soon', '', 'Wed, 21 Oct 2015 07:28:00 GMT', '1.2.3'])('%j says nothing', (value) => {
    expect(retryAfter(value)).toBeUndefined();
  });
});

test('what every request has ends the run', () => {
  expect(answered(400, 'n must be 1 when using greedy sampling, got 2.')).toMatchObject({
    kind: 'run',
    type: 'BadRequest',
  });
  expect(answered(429, 'You exceeded your current quota [insufficient_quota]')).toMatchObject({
    kind: 'run',
    type: 'QuotaExhausted',
  });
});

test('a broken connection says what lies beneath, and whether it was one that had been kept', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8000'), { code: 'ECONNREFUSED' });
  const down = { kind: 'down', message: 'no connection: connect ECONNREFUSED 127.0.0.1:8000', retryAfter: undefined };
  expect(classify(new ConnectionError(refused))).toEqual(down);
  // Of a name with two addresses.
  expect(classify(new ConnectionError(new AggregateError([refused, refused])))).toEqual(down);
  expect(new ConnectionError(refused).wasReset).toBe(false);
  const closed = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  expect(new ConnectionError(closed).wasReset).toBe(true);
});

test('an answer that is none, or none in time, is a failing engine', () => {
  expect(classify(new OddAnswer('2 choices where 3 were asked for'))).toMatchObject({
    kind: 'failing',
    message: '2 choices where 3 were asked for',
  });
  expect(classify(new Overdue(330_000))).toMatchObject({ kind: 'failing', message: 'no answer in 5.5 minutes' });
});

test('an activity gives up on a failing engine, not on one that is away or busy', () => {
  const gaveUp = (cause: Error) => isFailing(new Failure('EngineUnavailable', '', { cause }));
  expect(gaveUp(new HttpError(500, '500 CUDA error'))).toBe(true);
  expect(gaveUp(new OddAnswer('no choices'))).toBe(true);
  expect(gaveUp(new HttpError(503, '503 full'))).toBe(false);
  expect(gaveUp(new ConnectionError(new Error('refused')))).toBe(false);
  expect(isFailing(new Failure('StoreUnavailable', '', { cause: new HttpError(500, '500') }))).toBe(false);
});

test('a mistake in this program is no answer of an engine', () => {
  for (const mistake of [new TypeError('x is not a function'), new Error('other'), 'text', undefined])
    expect(() => classify(mistake)).toThrow(mistake as Error);
});
