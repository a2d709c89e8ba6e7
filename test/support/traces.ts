import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Attempt, rowKey } from '../../src/method/rows.ts';

/** What a run left, whatever it was called: what models are named after differs from run to run. */
export interface Traces {
  /** Hash by the row's stage and key. */
  rows: Map<string, string>;
  /** Rows beyond the first of a key. */
  duplicated: number;
  /** Hash by path of what the fine-tunes trained on. */
  trainedOn: Map<string, string>;
}

export async function readTraces(runFolder: string): Promise<Traces> {
  const traces: Traces = { rows: new Map(), duplicated: 0, trainedOn: new Map() };
  for (const name of (await readdir(runFolder, { recursive: true })).sort()) {
    const path = join(runFolder, name);
    if (name.endsWith('sft.jsonl')) traces.trainedOn.set(name, hash(await readFile(path, 'utf8')));
    if (!/shard-\d+\.jsonl$/.test(name)) continue;
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const key = `${dirname(name)} ${rowKey(JSON.parse(line) as Attempt)}`;
      if (traces.rows.has(key)) traces.duplicated++;
      traces.rows.set(key, hash(line));
    }
  }
  return traces;
}

const hash = (text: string) =>
  createHash('sha256')
    .update(text.replaceAll(/"model":"[^"]*"/g, '"model":""'))
    .digest('hex');

/** How many keys of `before` are gone, how many are new, and how many have another content. */
export function compare(before: Map<string, string>, after: Map<string, string>) {
  const keys = [...before.keys()];
  return {
    total: before.size,
    lost: keys.filter((key) => !after.has(key)).length,
    different: keys.filter((key) => after.has(key) && after.get(key) !== before.get(key)).length,
    added: [...after.keys()].filter((key) => !before.has(key)).length,
  };
}
