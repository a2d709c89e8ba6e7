import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, readLines, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { FineTuneConfig } from '../config/fine-tune.ts';
import { checkFineTune } from './check-input.ts';
import { withHeartbeat } from './heartbeat.ts';
import { claimFolder, expectValid } from './validate-input.ts';

export interface ValidatedFineTune {
  folder: string;
  config: FineTuneConfig;
  data: ArtifactRef;
}

/** Checks a fine-tune's input and every row of its data, which become an artifact of the run. */
export async function validateFineTune(deps: { store: Store }, input: unknown): Promise<ValidatedFineTune> {
  const config = expectValid(checkFineTune(input, deps.store));
  const path = [deps.store.path(config.data), resolve(config.data)].find((file) => existsSync(file));
  if (!path)
    throw new Failure(
      'InvalidInput',
      `invalid input: data: got "${config.data}", expected a file or an artifact's uri`,
    );
  const folder = await claimFolder(deps.store, config);
  let line = 0;
  const data = await withHeartbeat(
    () => ({ line }),
    () => writeRows(deps.store, `${folder}/sft.jsonl`, rows()),
  );
  if (data.rows === 0) throw new Failure('InvalidInput', `invalid input: data: ${path} has no rows`);
  return { folder, config, data };

  async function* rows() {
    for await (const text of readLines(createReadStream(path!))) {
      line++;
      if (text.trim() !== '') yield parseRow(text, `${path}, line ${line}`);
    }
  }
}

/** {prompt, completion}, both texts or both chat messages. */
function parseRow(text: string, where: string): unknown {
  let row: { prompt?: unknown; completion?: unknown } = {};
  try {
    row = JSON.parse(text) ?? {};
  } catch {
    // Told below.
  }
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isChat = (value: unknown) => Array.isArray(value) && value.length > 0;
  const { prompt, completion } = row;
  if ((isText(prompt) && isText(completion)) || (isChat(prompt) && isChat(completion))) return row;
  throw new Failure(
    'InvalidInput',
    `invalid input: data: ${where}: expected {prompt, completion}, got ${text.slice(0, 80)}`,
  );
}
