import type { ChildType, StepName } from '../../activities/study/steps.ts';

/** A step whose child has ended. */
export interface TakenStep {
  step: StepName;
  type: ChildType;
  workflowId: string;
  /** Folder of the child in the store. */
  run: string;
  /** reused: the very same child had been run before, or was run by another study. */
  status: 'done' | 'reused' | 'stopped' | 'failed';
  /** Of this study's time. */
  seconds: number;
  /** What came out, in a few words. */
  headline: string;
  /** Why a child was stopped by itself. */
  reason?: string;
}

export interface StepState extends Pick<TakenStep, 'step'> {
  workflowId: string;
  status: TakenStep['status'] | 'running' | 'waiting';
  seconds?: number;
  headline?: string;
}

export const describeStep = ({ step, status, headline }: StepState): string =>
  `${step}: ${status}${headline ? `, ${headline}` : ''}`;

/** The steps as a Markdown table. The UI draws tables without space between columns. */
export function describeSteps(steps: readonly StepState[]): string {
  const rows = steps.map(({ step, workflowId, status, seconds, headline = '' }) => [
    step,
    workflowId,
    status,
    seconds === undefined ? '' : `${Math.round(seconds)} s`,
    headline,
  ]);
  const lines = [['step', 'workflow', 'state', 'time', 'what came out'], Array(5).fill('---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join('\u00A0\u00A0 | ')} |`).join('\n')}\n`.replaceAll(
    '---\u00A0\u00A0',
    '---',
  );
}
