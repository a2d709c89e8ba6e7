import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { NonRetryable } from '../activities/failures.ts';
import { show } from '../method/show.ts';
import type { StageReport } from './contract.ts';

/** What is wrong with what a message carries, in words for people; null: nothing. Messages come unchecked: workflows have no zod. */

export function mistakeInStop(request: unknown): string | null {
  if (request === undefined || request === null) return null;
  if (!isObject(request)) return `got ${show(request)}, expected {"mode":"drain"|"now","reason":"..."}`;
  const { mode, reason } = request;
  if (mode !== 'drain' && mode !== 'now') return `mode: ${found(mode)}, expected "drain" or "now"`;
  if (reason !== undefined && reason !== null && typeof reason !== 'string')
    return `reason: got ${show(reason)}, expected a text`;
  return null;
}

export function mistakeInExtend(request: unknown): string | null {
  if (!isObject(request)) return `${found(request)}, expected {"iterations":n}`;
  const { iterations } = request;
  if (Number.isInteger(iterations) && (iterations as number) >= 1) return null;
  return `iterations: ${found(iterations)}, expected a whole number of at least 1`;
}

/** People can send what only children should. */
export function isStageReport(report: unknown): report is StageReport {
  if (!isObject(report)) return false;
  const { stage, rows, tokens, warnings = [] } = report;
  return (
    typeof stage === 'string' &&
    isObject(rows) &&
    [rows.done, rows.total].every(Number.isFinite) &&
    isObject(tokens) &&
    [tokens.prompt, tokens.completion].every(Number.isFinite) &&
    Array.isArray(warnings) &&
    warnings.every((warning) => typeof warning === 'string')
  );
}

/** What ends a run, or an update, that can't be done as it was asked for. The message says it all: a stack would only bury it. */
export function refusal(type: NonRetryable, message: string): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(message, type);
  failure.stack = '';
  return failure;
}

/** @throws where somebody started a part of a run by itself @param whole the workflow to start */
export function expectParent(whole: string): void {
  const { parent, workflowType } = workflowInfo();
  if (!parent) throw refusal('InvalidInput', `workflow type: got "${workflowType}", a part of "${whole}": start that`);
}

const found = (value: unknown) => (value === undefined ? 'is missing' : `got ${show(value)}`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
