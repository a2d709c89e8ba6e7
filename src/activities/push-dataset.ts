import { Context } from '@temporalio/activity';
import { type PushedDataset, pushFolder } from '../backends/datasets/hub-push.ts';
import type { Store } from '../backends/storage/store.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import { critiqueKeys } from './critique-files.ts';
import { withHeartbeat } from './heartbeat.ts';

/** Brings the exported dataset to the hub. A push that is made again writes the same files. */
export async function pushDataset(
  { store }: { store: Store },
  { run, push }: { run: string; push: NonNullable<BuildCritiquesConfig['push']> },
): Promise<PushedDataset> {
  const signal = Context.current().cancellationSignal;
  return await withHeartbeat(
    () => ({ push: push.name }),
    async () => {
      const folder = await store.fetch(critiqueKeys(run).exported);
      return await pushFolder(push, { folder, env: process.env, signal });
    },
  );
}
