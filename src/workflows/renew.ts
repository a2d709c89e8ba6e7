import {
  allHandlersFinished,
  ContinueAsNew,
  condition,
  continueAsNew,
  type Workflow,
  workflowInfo,
} from '@temporalio/workflow';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * Between two parts of a run: where its history is long, or where workers have builds and there may be a newer one, the run goes on as a
 * new one, on the build that is current. A child stays on the build of its parent, which reads its result.
 *
 * @param carried asked last, when no message is being answered
 * @param most events of history
 */
export async function renew<W extends Workflow>(carried: () => Parameters<W>, most = Infinity): Promise<void> {
  const { currentDeploymentVersion, historyLength, continueAsNewSuggested, parent } = workflowInfo();
  const moves = !parent && Boolean(currentDeploymentVersion?.deploymentName);
  if (!moves && !continueAsNewSuggested && historyLength <= most) return;
  await condition(allHandlersFinished);
  try {
    await continueAsNew<W>(...carried());
  } catch (error) {
    // Servers before 1.30 know no `initialVersioningBehavior`; all of them let go of a run whose last task says that it upgrades by itself.
    if (moves && error instanceof ContinueAsNew) getActivator().versioningBehavior = 'AUTO_UPGRADE';
    throw error;
  }
}
