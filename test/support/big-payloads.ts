import {
  condition,
  continueAsNew,
  defineUpdate,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

/** Workflows that would put too much into history, each in its own way. */

interface Told {
  take(text: unknown): Promise<number>;
  make(length: number): Promise<string>;
}

const { take, make } = proxyActivities<Told>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1 minute',
  retry: { nonRetryableErrorTypes: ['PayloadsTooLarge'] },
});

const text = (megabytes: number) => 'x'.repeat(megabytes * 1024 * 1024);

export async function toAnActivity(): Promise<number> {
  return await take(text(3));
}

/** Each of them is small enough. */
export async function toManyActivities(): Promise<void> {
  await Promise.all(Array.from({ length: 5 }, () => take(text(0.9))));
}

export async function fromAnActivity(): Promise<number> {
  return (await make(3 * 1024 * 1024)).length;
}

export async function toAChild(): Promise<void> {
  await executeChild(swallow, { args: [text(3)] });
}

export async function toAParent(): Promise<void> {
  await getExternalWorkflowHandle(workflowInfo().workflowId).signal('stop', text(3));
}

export async function asItsResult(): Promise<string> {
  return text(3);
}

export async function carriedOver(much?: string): Promise<void> {
  if (!much) await continueAsNew<typeof carriedOver>(text(3));
}

/** Its answer is refused; the run goes on. */
export async function asAnAnswer(): Promise<string> {
  let asked = false;
  setHandler(defineUpdate<string>('ask'), () => {
    asked = true;
    return text(3);
  });
  await condition(() => asked);
  return 'done';
}

/** Just below the limit. */
export async function enough(): Promise<number> {
  return await take(text(0.9));
}

export async function swallow(_: string): Promise<void> {}
