import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Access, fetchFromHub } from './datasets/hub.ts';
import { findModel } from './models.ts';

export interface ModelFiles {
  /** Its config.json. */
  config: Record<string, unknown>;
  /** Of all its .safetensors files; null where that is not known. */
  weightBytes: number | null;
}

/**
 * What says how large a model is, or an adapter's base: from its folder on this machine, or the small files of one on the hub.
 * @throws Failure InvalidInput where the hub does not have it or can't be asked
 */
export async function readModelFiles(model: string, access: Access): Promise<ModelFiles> {
  const folder = findModel(model);
  if (folder) {
    const adapter = join(folder, 'adapter_config.json');
    if (existsSync(adapter))
      return await readModelFiles(String((await readJson(adapter)).base_model_name_or_path), access);
    return { config: await readJson(join(folder, 'config.json')), weightBytes: await sizeOfWeights(folder) };
  }
  const request = { name: model, revision: 'main', files: `{config.json,${INDEX}}`, source: 'model' as const };
  const { paths } = await fetchFromHub(request, access);
  const fetched = dirname(paths[0]!);
  const index = join(fetched, INDEX);
  const { metadata } = (existsSync(index) ? await readJson(index) : {}) as { metadata?: { total_size?: number } };
  return { config: await readJson(join(fetched, 'config.json')), weightBytes: metadata?.total_size ?? null };
}

/** Of a model in several files. */
const INDEX = 'model.safetensors.index.json';

const readJson = async (path: string): Promise<Record<string, unknown>> => JSON.parse(await readFile(path, 'utf8'));

async function sizeOfWeights(folder: string): Promise<number | null> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  if (files.length === 0) return null;
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
