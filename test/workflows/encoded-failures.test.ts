import { ActivityFailure, ApplicationFailure, defaultPayloadConverter, type ProtoFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { failureConverter } from '../../src/workflows/encoded-failures.ts';

const encode = (error: unknown) => failureConverter.errorToFailure(error, defaultPayloadConverter);
const decode = (failure: ProtoFailure) => failureConverter.failureToError(failure, defaultPayloadConverter);

const messages = (error: unknown): string[] =>
  error instanceof Error ? [error.message, ...messages(error.cause)] : [];

const withoutPayloads = (failure: ProtoFailure) =>
  JSON.stringify(failure, (key, value) => (key === 'encodedAttributes' ? undefined : value));

const failed = () =>
  new ActivityFailure(
    'the activity failed: a secret',
    'sampleResponses',
    '1',
    'NON_RETRYABLE_FAILURE',
    'worker',
    ApplicationFailure.create({ message: 'a deeper secret', type: 'BadRequest', nonRetryable: true }),
  );

it('has messages and stacks only in payloads, with those of its causes', () => {
  const failure = encode(failed());
  expect(withoutPayloads(failure)).not.toContain('secret');
  expect(withoutPayloads(failure)).not.toContain('encoded-failures.test');
  expect(messages(decode(failure))).toEqual(['the activity failed: a secret', 'a deeper secret']);
  expect(decode(failure).stack).toContain('encoded-failures.test');
});

it('leaves in clear text what retries go by', () => {
  expect(encode(failed()).cause?.applicationFailureInfo).toMatchObject({ type: 'BadRequest', nonRetryable: true });
});

it('keeps the message of a failure that is passed on, however often', () => {
  const received = decode(encode(failed()));
  encode(received);
  expect(withoutPayloads(encode(received))).not.toContain('secret');
  expect(messages(decode(encode(received)))).toEqual(['the activity failed: a secret', 'a deeper secret']);
});
