import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { withHeartbeat } from './heartbeat.ts';
import { readTrainingRows } from './training-rows.ts';

export interface TrainingRowsTask {
  /** Folder of the run in the store. */
  run: string;
  /** Files or artifacts, all of whose rows are trained on. The trainer shuffles them. */
  data: string[];
}

/** Checks every row that a fine-tune is to be trained on, and makes them one artifact of the run. */
export async function loadTrainingRows(deps: { store: Store }, { run, data }: TrainingRowsTask): Promise<ArtifactRef> {
  let read = 0;
  return await withHeartbeat(
    () => ({ rows: read }),
    () =>
      writeRows(deps.store, `${run}/sft.jsonl`, rows()).catch((error) => {
        if (!(error instanceof Failure) || error.type !== 'InvalidInput') throw error;
        throw new Failure('InvalidInput', `invalid input: data: ${error.message}`);
      }),
  );

  async function* rows() {
    for await (const row of readTrainingRows(data, deps.store)) {
      read++;
      yield row;
    }
  }
}
