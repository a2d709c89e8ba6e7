import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Span } from './spans.ts';

/** An activity that completed, by a history: its last attempt. */
export interface ActivityRun {
  workflowId: string;
  name: string;
  /** Identity of the worker that it ran on. */
  worker: string;
  span: Span;
  /** The number of the attempt, and how the one before it failed. */
  attempt: number;
  lastFailure: string | null;
  /** What it was told. */
  task: unknown;
  result: unknown;
}

/** Those of a workflow and of the children whose IDs begin with its own. */
export async function activityRuns(client: Client, workflowId: string): Promise<ActivityRun[]> {
  const query = `WorkflowId = '${workflowId}' OR WorkflowId STARTS_WITH '${workflowId}/'`;
  const found: ActivityRun[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query }))
    found.push(...(await ofOne(client, workflowId, runId)));
  return found;
}

async function ofOne(client: Client, workflowId: string, runId: string): Promise<ActivityRun[]> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  type Event = NonNullable<typeof events>[number];
  const at = ({ eventTime }: Event) => Number(eventTime!.seconds) * 1000 + eventTime!.nanos! / 1e6;
  const read = (payloads: { payloads?: unknown[] | null } | null | undefined) => {
    const [first] = payloads?.payloads ?? [];
    return first ? defaultPayloadConverter.fromPayload<unknown>(first) : null;
  };
  const scheduled = new Map<string, NonNullable<Event['activityTaskScheduledEventAttributes']>>();
  const started = new Map<string, Pick<ActivityRun, 'worker' | 'attempt' | 'lastFailure'> & { at: number }>();
  return events!.flatMap((event) => {
    const {
      activityTaskScheduledEventAttributes: schedules,
      activityTaskStartedEventAttributes: starts,
      activityTaskCompletedEventAttributes: completes,
    } = event;
    if (schedules) scheduled.set(String(event.eventId), schedules);
    if (starts)
      started.set(String(starts.scheduledEventId), {
        worker: starts.identity!,
        attempt: starts.attempt!,
        lastFailure: starts.lastFailure ? textOf(starts.lastFailure) : null,
        at: at(event),
      });
    if (!completes) return [];
    const id = String(completes.scheduledEventId);
    const { activityType, input } = scheduled.get(id)!;
    const { at: begun, ...start } = started.get(id)!;
    return [
      {
        workflowId,
        name: activityType!.name!,
        ...start,
        span: [begun, at(event)],
        task: read(input),
        result: read(completes.result),
      },
    ];
  });
}

const textOf = ({ message, applicationFailureInfo: own }: Failed): string =>
  [own?.type, message].filter(Boolean).join(': ');

interface Failed {
  message?: string | null;
  applicationFailureInfo?: { type?: string | null } | null;
}
