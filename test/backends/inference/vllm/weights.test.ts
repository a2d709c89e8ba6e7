import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readWeights } from '../../../../src/backends/inference/vllm/weights.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const CONFIG = { model_type: 'llama', hidden_size: 64, dtype: 'bfloat16', eos_token_id: 0 };
const TOKENIZER = { model: { vocab: { a: 1 } }, padding: null, truncation: null };

/** Reads a model with these files beside its weights. */
async function read(files: Record<string, object | string>) {
  const path = join(await temporaryFolder(), 'model');
  await mkdir(path);
  const all = { 'config.json': CONFIG, 'tokenizer.json': TOKENIZER, 'model.safetensors': 'weights', ...files };
  for (const [name, content] of Object.entries(all))
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  return await readWeights({ name: 'model', path });
}

test.each([
  [
    'its fields come in another order',
    { 'config.json': { hidden_size: 64, model_type: 'llama', dtype: 'bfloat16', eos_token_id: 0 } },
  ],
  [
    'another version wrote it',
    { 'config.json': { ...CONFIG, transformers_version: '5.17.0', use_cache: false, _name_or_path: 'x' } },
  ],
  ['dtype has its older name', { 'config.json': { ...CONFIG, dtype: undefined, torch_dtype: 'bfloat16' } }],
  [
    'a trainer padded with its tokenizer',
    { 'tokenizer.json': { ...TOKENIZER, padding: { strategy: 'BatchLongest' } } },
  ],
  [
    'a trainer wrote where a text ends as a list (transformers 5.17: each run on a GPU had a start too many)',
    { 'generation_config.json': { eos_token_id: [0] } },
    { 'generation_config.json': { eos_token_id: 0 } },
  ],
  ['only the weights differ', { 'model.safetensors': 'others' }],
])('the architecture is the same where %s', async (_, files, others: Parameters<typeof read>[0] = {}) => {
  expect((await read(files)).architecture).toBe((await read(others)).architecture);
});

test.each([
  ['a size', { 'config.json': { ...CONFIG, hidden_size: 128 } }],
  ['the type of the numbers', { 'config.json': { ...CONFIG, dtype: 'float32' } }],
  ['the vocabulary', { 'tokenizer.json': { ...TOKENIZER, model: { vocab: { b: 1 } } } }],
  ['the template of a chat', { 'chat_template.jinja': '{{ messages }}' }],
  ['where a text ends', { 'generation_config.json': { eos_token_id: [0, 5] } }],
])('the architecture is another one where %s differs', async (_, files) => {
  expect((await read(files)).architecture).not.toBe((await read({})).architecture);
});

test('weights are told apart by their hash, which a checkpoint brings along', async () => {
  const [one, same, other] = [await read({}), await read({}), await read({ 'model.safetensors': 'others' })];
  expect(one.id).toBe(same.id);
  expect(one.id).not.toBe(other.id);
  expect(await readWeights({ name: 'x', path: one.path, sha256: 'known' })).toMatchObject({ id: 'known', name: 'x' });
});

test('an adapter has the path of its base, and a rank of those that vLLM knows', async () => {
  const base = await read({});
  const path = await temporaryFolder();
  const config = { base_model_name_or_path: base.path, r: 12 };
  await writeFile(join(path, 'adapter_config.json'), JSON.stringify(config));
  await expect(readWeights({ name: 'a', path })).rejects.toMatchObject({ type: 'ModelNotFound' });
  await writeFile(join(path, 'adapter_model.safetensors'), 'differences');
  const adapter = await readWeights({ name: 'a', path });
  expect(adapter).toMatchObject({ name: 'a', path: base.path, adapter: { path, rank: 16 } });
  expect(adapter.id).toContain(base.id);
  expect(adapter.architecture).not.toBe(base.architecture);
  await writeFile(join(path, 'adapter_config.json'), JSON.stringify({ ...config, r: 1024 }));
  await expect(readWeights({ name: 'a', path })).rejects.toThrow('rank 1024: vLLM takes at most 512');
});

test('a folder that is no model is refused, and a name of the hub is taken', async () => {
  const folder = await temporaryFolder();
  await expect(readWeights({ name: 'x', path: folder })).rejects.toMatchObject({ type: 'ModelNotFound' });
  await expect(readWeights({ name: 'x', path: join(folder, 'absent') })).rejects.toThrow('there is no folder');
  const hub = { name: 'x', path: 'meta-llama/Llama-3.1-8B' };
  expect(await readWeights(hub)).toMatchObject({ id: hub.path, path: hub.path, architecture: hub.path });
});
