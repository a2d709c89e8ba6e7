import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../failures.ts';
import { findModel, hashModel } from '../../models.ts';

/** Model weights as a vLLM process takes them. */
export interface Weights {
  /** Equal where the files are. */
  id: string;
  /** For people. */
  name: string;
  /** Folder, or name on the hub, of the whole model: an adapter's base. */
  path: string;
  /** Equal where one process can have either, one after the other, without starting again. */
  architecture: string;
  adapter: Adapter | null;
}

/** Low-rank differences from a base, which vLLM loads beside it. */
export interface Adapter {
  path: string;
  /** The one of vLLM's that it fits in. */
  rank: number;
}

const RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];

/** Fields of config.json that change neither what the weights are nor what they answer. */
const IRRELEVANT = ['_name_or_path', 'transformers_version', 'use_cache', 'pad_token_id', 'torch_dtype', 'dtype'];
/** Fields of tokenizer_config.json that an answer depends on. */
const OF_TOKENIZER = ['add_bos_token', 'add_eos_token', 'bos_token', 'eos_token', 'chat_template'];

/** A model, and the hash of its weights where that is known. */
export interface Source {
  name: string;
  /** Folder, or name on the hub. */
  path: string;
  sha256?: string | undefined;
}

const NEVER = new AbortController().signal;

/**
 * Reads what a model is from its folder. A name of the hub that has not been fetched is taken as it stands.
 * @throws Failure ModelNotFound where the folder is no model
 */
export async function readWeights(model: Source): Promise<Weights> {
  const { name } = model;
  const path = findModel(model.path) ?? model.path;
  const adapter = await readJson(path, 'adapter_config.json');
  if (adapter) return await readAdapter({ ...model, path }, adapter);
  if (!existsSync(path)) {
    if (/^[./~]|\/.*\//.test(path)) throw new Failure('ModelNotFound', `there is no folder ${path}`);
    return { id: path, name, path, architecture: path, adapter: null };
  }
  const id = model.sha256 ?? (await hashModel(path, NEVER));
  if (id === null || !existsSync(join(path, 'config.json')))
    throw new Failure('ModelNotFound', `${path} is no model: it lacks config.json or .safetensors files`);
  return { id, name, path, architecture: await readArchitecture(path), adapter: null };
}

async function readAdapter({ name, path, sha256 }: Source, config: Json): Promise<Weights> {
  const { base_model_name_or_path: basePath, r } = config;
  if (typeof basePath !== 'string' || typeof r !== 'number')
    throw new Failure('ModelNotFound', `${path}/adapter_config.json lacks base_model_name_or_path or r`);
  const base = await readWeights({ name: basePath, path: basePath });
  const own = sha256 ?? (await hashModel(path, NEVER));
  if (own === null) throw new Failure('ModelNotFound', `${path} lacks adapter_model.safetensors`);
  const rank = RANKS.find((most) => most >= r);
  if (rank === undefined)
    throw new Failure('ModelNotFound', `${path} has rank ${r}: vLLM takes at most ${RANKS.at(-1)}`);
  const id = `${base.id} with ${own}`;
  return {
    id,
    name,
    path: base.path,
    architecture: `${base.id} with adapters of rank ${rank}`,
    adapter: { path, rank },
  };
}

/** A hash of what has to be equal for the weights of one to be loaded where the other's were. */
async function readArchitecture(path: string): Promise<string> {
  const [config, generation, tokenizer, tokenizerConfig] = await Promise.all(
    ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'].map((file) =>
      readJson(path, file),
    ),
  );
  const template = await readFile(join(path, 'chat_template.jinja'), 'utf8').catch(() => null);
  const same = [
    without(config, IRRELEVANT),
    config?.dtype ?? config?.torch_dtype,
    // One number or a list of one, by the version that wrote it.
    [generation?.eos_token_id].flat(),
    // How the trainer last padded is written there, too.
    without(tokenizer, ['padding', 'truncation']),
    OF_TOKENIZER.map((field) => tokenizerConfig?.[field]),
    template,
  ];
  return createHash('sha256').update(JSON.stringify(same, sorted)).digest('hex');
}

type Json = Record<string, unknown>;

async function readJson(folder: string, file: string): Promise<Json | null> {
  const text = await readFile(join(folder, file), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text);
}

const without = (json: Json | null | undefined, fields: readonly string[]): Json =>
  Object.fromEntries(Object.entries(json ?? {}).filter(([field]) => !fields.includes(field)));

/** Writers order fields as they like. */
const sorted = (_: string, value: unknown) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
