import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/**
 * Histories of real runs, replayed by test/replay. To record them again, after a change of a workflow:
 *
 *     RECORD_HISTORIES=1 npx vitest run --project live test/workflows test/chaos
 */
export const historiesFolder: string = join(import.meta.dirname, '../replay/histories');

/** Writes the histories of a workflow, of every run that it continued as, and of its children. Does nothing unless they are being recorded. */
export async function saveHistories(client: Client, name: string, workflowId: string): Promise<void> {
  if (!process.env.RECORD_HISTORIES) return;
  await mkdir(historiesFolder, { recursive: true });
  const query = `WorkflowId = '${workflowId}' OR WorkflowId STARTS_WITH '${workflowId}/'`;
  const count = new Map<string, number>();
  const found = [];
  for await (const { workflowId, runId, startTime } of client.workflow.list({ query }))
    found.push({ id: workflowId, runId, startTime });
  for (const { id, runId } of found.sort((a, b) => a.startTime.getTime() - b.startTime.getTime())) {
    const history = await client.workflow.getHandle(id, runId).fetchHistory();
    const own = id.slice(workflowId.length).replaceAll('/', '-');
    const run = (count.get(own) ?? 0) + 1;
    count.set(own, run);
    const { events } = JSON.parse(historyToJSON(history)) as { events: unknown[] };
    const lines = events.map((event) => JSON.stringify(event, withoutStacks)).join(',\n');
    await writeFile(
      join(historiesFolder, `${name}${own}${run > 1 ? `-${run}` : ''}.json`),
      `{"events":[\n${lines}\n]}\n`,
    );
  }
}

/** Stacks name the folders of whoever recorded them, and replay does not look at them. */
const withoutStacks = (key: string, value: unknown) => (key === 'stackTrace' ? '' : value);
