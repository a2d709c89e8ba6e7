import { readJson } from '../backends/storage/json.ts';
import { runFolder } from '../backends/storage/runs.ts';
import { FolderStore } from '../backends/storage/store.ts';
import { readEnvironment } from '../config/environment.ts';
import type { RunReport } from '../report/data.ts';
import { renderReport } from '../report/html.ts';
import { renderTable } from '../report/table.ts';
import { SetupError } from './setup/setup-error.ts';

/** Renders a run's report from the numbers in the store: the same to the last digit, and nothing is generated. */
export async function report(workflowId: string): Promise<void> {
  const store = new FolderStore(readEnvironment().store);
  const folder = runFolder(workflowId);
  const data = await readJson<RunReport>(store, `${folder}/report.json`);
  if (data === null)
    throw new SetupError(`no report of "${workflowId}" in ${store.root}: is CRITIQUE_LOOP_STORE the run's store?`);
  await store.write(`${folder}/report.html`, [await renderReport(data)]);
  process.stdout.write(`${renderTable(data)}\n${store.path(`${folder}/report.html`)}\n`);
}
