import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { beginning, Conductor } from '../../src/workflows/conductor.ts';

export { study } from '../../src/workflows/study.ts';

/** What a child is asked to do, told to the test, which gives its result. */
export interface ChildTask {
  type: string;
  workflowId: string;
  input: object;
}

const { runChild } = proxyActivities<{ runChild: (task: ChildTask) => Promise<object> }>({
  taskQueue: 'critique-loop-cpu',
  startToCloseTimeout: '1 minute',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { maximumAttempts: 1 },
});

/** Workflows that do nothing but what the test says, and hear stop, pause and resume as the real ones do. */
async function child(input: object): Promise<object> {
  const { workflowId, workflowType } = workflowInfo();
  const conductor: Conductor = new Conductor({ stop: null, paused: false }, () =>
    conductor.progress({ prepared: true, tokens: { prompt: 0, completion: 0 }, warnings: [] }),
  );
  conductor.tell({ ...beginning('sample'), rows: { done: 3, total: 9 } });
  const result = await conductor.control.stage(() => runChild({ type: workflowType, workflowId, input }));
  const { stop } = conductor.control;
  return result && stop?.mode !== 'now' ? result : { status: 'stopped', ...(stop?.reason && { reason: stop.reason }) };
}

export { child as buildCritiques, child as evaluate, child as fineTune, child as selfImprove, child as selfTalk };
