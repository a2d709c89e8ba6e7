import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonical, contentHash, storedIn } from '../../../src/activities/study/content-hash.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const hash = (input: unknown, known: Record<string, string> = {}) =>
  contentHash(new FolderStore(folder), input, new Map(Object.entries(known)), new AbortController().signal);

async function weights(name: string, bytes: string): Promise<string> {
  const model = join(folder, name);
  await mkdir(model, { recursive: true });
  await writeFile(join(model, 'config.json'), '{}');
  await writeFile(join(model, 'model.safetensors'), bytes);
  return model;
}

describe('canonical JSON', () => {
  it('does not depend on the order of keys, at any depth, but on that of lists', () => {
    expect(canonical({ b: [{ y: 1, x: null }], a: undefined })).toBe('{"b":[{"x":null,"y":1}]}');
    expect(canonical({ a: 1, b: { c: 2, d: 3 } })).toBe(canonical({ b: { d: 3, c: 2 }, a: 1 }));
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  });
});

describe('the hash of a content', () => {
  it('is of what is in the store, and not of where it is', async () => {
    const of = (uri: string) => ({ critic: { model: uri }, data: [uri], refine: { source: 'triples', path: uri } });
    const one = await hash(of('runs/a/checkpoint'), { 'runs/a/checkpoint': 'abc' });
    expect(await hash(of('runs/b/checkpoint'), { 'runs/b/checkpoint': 'abc' })).toBe(one);
    expect(await hash(of('runs/b/checkpoint'), { 'runs/b/checkpoint': 'abd' })).not.toBe(one);
  });

  it('is of the weights of a model that is here', async () => {
    const [one, same, other] = [await weights('one', 'w'), await weights('same', 'w'), await weights('other', 'v')];
    expect(await hash({ base: one })).toBe(await hash({ base: same }));
    expect(await hash({ base: one })).not.toBe(await hash({ base: other }));
    expect(await hash({ base: 'org/model' })).not.toBe(await hash({ base: 'org/another' }));
  });

  it('is of the rows of a file that is here', async () => {
    const [one, other] = ['one.jsonl', 'other.jsonl'].map((name) => join(folder, name)) as [string, string];
    await writeFile(one, '{}\n');
    await writeFile(other, '{}\n');
    const of = (path: string) => hash({ test: { source: 'file', path } });
    const before = await of(one);
    expect(await of(other)).toBe(before);
    await writeFile(one, '{}\n{}\n');
    expect(await of(one)).not.toBe(before);
  });

  it('changes with any number', async () => {
    const of = (samples: number) => hash({ evaluation: { samples }, gates: ['always'] });
    expect(await of(4)).toBe(await of(4));
    expect(await of(4)).not.toBe(await of(5));
  });
});

describe('what a result says is stored', () => {
  it('is found at any depth', () => {
    const result = {
      checkpoint: { name: 'x', uri: 'runs/x', sha256: '1' },
      datasets: [{ iteration: 0, uri: 'runs/y', sha256: '2' }, { uri: 'runs/z' }],
      evaluation: null,
    };
    expect(storedIn(result)).toEqual([
      ['runs/x', '1'],
      ['runs/y', '2'],
    ]);
  });
});
