import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { packageRoot } from './package.ts';

/** Whether a folder has a checkpoint, or an adapter of one. */
export const isCheckpoint = (folder: string): boolean =>
  ['config.json', 'adapter_config.json'].some((name) => existsSync(join(folder, name)));

/** Where a configured model is: a folder here, a folder of this package (models/actor), or else a hub name as it stands. */
export function resolveModel(model: string): string {
  const folders = [resolve(model), join(packageRoot, model)];
  return folders.find(isCheckpoint) ?? model;
}

/** SHA-256 of a model's weights: of its .safetensors files, one after the other by name. null where it is not on this machine. */
export async function hashModel(model: string, signal: AbortSignal): Promise<string | null> {
  const folder = resolveModel(model);
  if (!existsSync(folder)) return null;
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort();
  if (files.length === 0) return null;
  const hash = createHash('sha256');
  for (const file of files)
    for await (const chunk of createReadStream(join(folder, file), { highWaterMark: 1 << 20, signal }))
      hash.update(chunk);
  return hash.digest('hex');
}
