import { cancellationSignal } from '@temporalio/activity';
import { runFolder } from '../../backends/storage/runs.ts';
import type { Store } from '../../backends/storage/store.ts';
import { versions } from '../../backends/versions.ts';
import type { StudyConfig } from '../../config/study.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { contentHash, storedIn } from './content-hash.ts';
import { readResult } from './results.ts';
import { STEPS, type StepName, type StepResults } from './steps.ts';

export interface PrepareTask {
  config: StudyConfig;
  step: StepName;
  /** Workflow IDs of the children of the steps before it. */
  done: Partial<Record<StepName, string>>;
}

export interface PreparedChild {
  /** The same for the same content, in whatever study. */
  workflowId: string;
  /** Its folder in the store. */
  run: string;
  input: object;
  /** What it said, where it has been run already. */
  result: object | null;
}

/** Makes the input of a study's child from what the ones before it left, and looks whether that very child has been run. */
export async function prepareChild(deps: { store: Store }, task: PrepareTask): Promise<PreparedChild> {
  const { config, step, done } = task;
  const signal = cancellationSignal();
  return await withHeartbeat(
    () => ({ step }),
    async () => {
      const read = Object.entries(done).map(async ([name, id]) => [name, await readResult(deps.store, id)] as const);
      const results = Object.fromEntries(await Promise.all(read)) as unknown as StepResults;
      const { type, input: make } = STEPS[step];
      const input = make(config, results);
      const hash = await contentHash(deps.store, { type, input, made: madeBy() }, new Map(storedIn(results)), signal);
      const workflowId = `${step}-${hash.slice(0, 12)}`;
      return {
        workflowId,
        run: runFolder(workflowId),
        input,
        result: await readResult<object>(deps.store, workflowId),
      };
    },
  );
}

/** The same input gives other results after what is more than a correction of this program, or with another grader. */
function madeBy(): string {
  const { 'critique-loop': version = '', grader = '' } = versions();
  return `${version.split('.').slice(0, 2).join('.')}, grader ${grader}`;
}
