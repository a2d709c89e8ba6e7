import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stacks of failures as payloads, where payloads are encrypted. Under the name that Temporal looks for. */
export const failureConverter: DefaultFailureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
