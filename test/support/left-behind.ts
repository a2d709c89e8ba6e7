import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect } from 'vitest';
import { logged } from './workers.ts';

/** Everything that a run leaves behind: histories with what is in their payloads, what is in the store's folder, the log. */
export async function leftBehind(client: Client, id: string, storeFolder: string): Promise<string[]> {
  const histories: string[] = [];
  for await (const { workflowId, runId } of client.workflow.list({
    query: `WorkflowId = '${id}' OR WorkflowId STARTS_WITH '${id}/'`,
  })) {
    const text = historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory());
    const payloads = [...text.matchAll(/"data": ?"([^"]*)"/g)].map(([, data]) => Buffer.from(data!, 'base64'));
    histories.push(text, payloads.map(String).join('\n'));
  }
  const names = await readdir(storeFolder, { recursive: true });
  const files = await Promise.all(
    names.map(async (name) =>
      (await stat(join(storeFolder, name))).isFile() ? await readFile(join(storeFolder, name), 'utf8') : '',
    ),
  );
  return [...histories, ...files, inspect(logged, { depth: 10 })];
}

export function expectNone(secrets: readonly string[], texts: readonly string[]): void {
  for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
}
