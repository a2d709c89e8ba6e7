import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { MOST_PAYLOAD, megabytes, PAYLOAD_EXPECTED, payloadBytes } from '../method/payload.ts';
import { refusal } from './requests.ts';

/**
 * Around every workflow: what would put too much into history, or has the wrong number of inputs, fails the run at once. Without it
 * Temporal would try such a workflow task again for ever, or end the run without a word.
 */
export const interceptors = (): WorkflowInterceptors => {
  const task = { historyLength: -1, bytes: 0 };

  /** @param what in words @param value what goes into history */
  function admit(what: string, value: unknown): void {
    const bytes = payloadBytes(value);
    if (bytes > MOST_PAYLOAD) throw refusal('PayloadsTooLarge', `${what}: ${megabytes(bytes)}, ${PAYLOAD_EXPECTED}`);
    const { historyLength } = workflowInfo();
    if (historyLength !== task.historyLength) Object.assign(task, { historyLength, bytes: 0 });
    task.bytes += bytes;
    if (task.bytes > MOST_AT_ONCE)
      throw refusal(
        'PayloadsTooLarge',
        `${what}: ${megabytes(task.bytes)} with what goes with it, ${PAYLOAD_EXPECTED}`,
      );
  }

  return {
    inbound: [
      {
        async execute(input, next) {
          checkInputs(input.args);
          const result = await next(input);
          admit('the result', result);
          return result;
        },
        async handleUpdate(input, next) {
          const answer = await next(input);
          admit(`the answer to "${input.name}"`, answer);
          return answer;
        },
      },
    ],
    outbound: [
      {
        async scheduleActivity(input, next) {
          admit(`what ${input.activityType} is told`, input.args);
          return await next(input);
        },
        async startChildWorkflowExecution(input, next) {
          admit(`the input of the child ${input.workflowType}`, input.options.args);
          return await next(input);
        },
        async signalWorkflow(input, next) {
          admit(`the signal "${input.signalName}"`, input.args);
          return await next(input);
        },
        async continueAsNew(input, next) {
          admit('what is carried over', input.args);
          return await next(input);
        },
      },
    ],
  };
};

/** Temporal refuses 4 MB of one workflow task. */
const MOST_AT_ONCE = 3 * MOST_PAYLOAD;
/** Temporal takes 1,000 bytes, and a run's children have longer ones. */
const LONGEST_ID = 900;

/** Of what people start. What a run continues as has been looked at before, and so has what a parent starts. */
function checkInputs(args: unknown[]): void {
  const { parent, continuedFromExecutionRunId, workflowId } = workflowInfo();
  if (parent || continuedFromExecutionRunId) return;
  const length = encoder.encode(workflowId).length;
  if (length > LONGEST_ID)
    throw refusal('InvalidInput', `workflow ID: got ${length} bytes, expected at most ${LONGEST_ID}`);
  if (args.length > 1) throw refusal('InvalidInput', `(the input): got ${args.length} of them, expected one object`);
  const read = readInput(args);
  if (!read) throw refusal('InvalidInput', '(the input): got something nested too deep to be a run file');
  if (read.bytes > MOST_PAYLOAD)
    throw refusal(
      'InvalidInput',
      `(the input): got ${megabytes(read.bytes)}, expected at most 1 MB: questions belong into files that a "path" names`,
    );
  if (read.endless) throw refusal('InvalidInput', `${read.endless}, expected a number`);
}

/**
 * How long it is, and whether it has a number like 1e400, which JSON can write and not hold: to the next who reads it, it would be null.
 * null: JavaScript has no room for what is nested thousands of times.
 */
function readInput(args: unknown[]): { bytes: number; endless: string | null } | null {
  let endless: string | null = null;
  try {
    const text = JSON.stringify(args, (field, value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) endless ??= `${field}: got ${value}`;
      return value;
    });
    return { bytes: encoder.encode(text).length, endless };
  } catch {
    return null;
  }
}

const encoder = new TextEncoder();
