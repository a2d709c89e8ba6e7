import { DefaultFailureConverter, type PayloadConverter, type ProtoFailure } from '@temporalio/common';

/** Messages and stacks of failures as payloads, for where payloads are encrypted. */
class EncodedFailures extends DefaultFailureConverter {
  override errorToFailure(error: unknown, payloadConverter: PayloadConverter): ProtoFailure {
    // Temporal's own way of encoding changes the error, too, which then has lost its message for the next who writes it.
    const { message, stackTrace, ...rest } = this.errorToFailureInner(error, payloadConverter);
    return {
      ...rest,
      message: 'encrypted: the UI shows it with a codec server, and docs/security.md says how to read it in a terminal',
      stackTrace: '',
      encodedAttributes: payloadConverter.toPayload({ message, stack_trace: stackTrace }),
    };
  }
}

/** Under the name that Temporal looks for. */
export const failureConverter: DefaultFailureConverter = new EncodedFailures();
