import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { packageRoot } from './package.ts';
import type { Store } from './storage/store.ts';
import { findStored } from './storage/stored.ts';

/** What a checkpoint has, or an adapter of one. */
export const CONFIGS = ['config.json', 'adapter_config.json'];

const isCheckpoint = (folder: string): boolean => CONFIGS.some((name) => existsSync(join(folder, name)));

/** Where a configured model is: a folder here, a folder of this package (models/actor), or else a hub name as it stands. */
export function resolveModel(model: string): string {
  const folders = [resolve(model), join(packageRoot, model)];
  return folders.find(isCheckpoint) ?? model;
}

/** The folder of a model on this machine: its own, or where `hf download` put what has a hub name. null where it is not here. */
export function findModel(model: string): string | null {
  const folder = resolveModel(model);
  if (isCheckpoint(folder)) return folder;
  const fetched = fetchedFromHub(model);
  const isWhole = WEIGHTS.some((name) => fetched !== null && existsSync(join(fetched, name)));
  return isWhole ? fetched : null;
}

const WEIGHTS = ['model.safetensors', 'model.safetensors.index.json'];

/** Its main revision in the Hugging Face cache, which trainers and vLLM read too. */
function fetchedFromHub(model: string): string | null {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const folder = join(HF_HUB_CACHE || join(home, 'hub'), `models--${model.replaceAll('/', '--')}`);
  const main = join(folder, 'refs', 'main');
  return existsSync(main) ? join(folder, 'snapshots', readFileSync(main, 'utf8').trim()) : null;
}

/** SHA-256 of a model's weights: of its .safetensors files, one after the other by name. null where it is not on this machine. */
export async function hashModel(model: string, signal: AbortSignal): Promise<string | null> {
  const folder = resolveModel(model);
  if (!existsSync(folder)) return null;
  const files = (await readdir(folder)).sort().map((name) => join(folder, name));
  return await hashWeights(files, (file) => createReadStream(file, { highWaterMark: 1 << 20, signal }), signal);
}

/** The same of a model that may be in the store, which is read and not fetched. */
export async function hashStored(store: Store, model: string, signal: AbortSignal): Promise<string | null> {
  const key = await findStored(store, model);
  if (key === null) return await hashModel(model, signal);
  return await hashWeights(await store.list(key), (file) => store.read(file), signal);
}

async function hashWeights(
  files: readonly string[],
  read: (file: string) => AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<string | null> {
  const weights = files.filter((name) => name.endsWith('.safetensors'));
  if (weights.length === 0) return null;
  const hash = createHash('sha256');
  for (const file of weights)
    for await (const chunk of read(file)) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
  return hash.digest('hex');
}
