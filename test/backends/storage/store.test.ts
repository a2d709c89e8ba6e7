import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Failure } from '../../../src/backends/failures.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { compiled } from '../../support/compiled.ts';
import { temporaryFolder } from '../../support/folder.ts';

const newStore = async () => new FolderStore(await temporaryFolder());

async function textOf(store: FolderStore, key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const WRITES_FOR_EVER = `
  const [, store, root] = process.argv;
  const { FolderStore } = await import(store);
  async function* endless() {
    for (;;) {
      yield 'half an object ';
      console.log('wrote');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await new FolderStore(root).write('runs/object', endless());`;

const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('succeeded'),
    (e) => e,
  );

describe('objects', () => {
  test('are written whole, replaced whole, listed and removed', async () => {
    const store = await newStore();
    await store.write('runs/a/one.jsonl', ['hello ', 'wörld']);
    await store.write('runs/a/two.jsonl', ['2']);
    await store.write('runs/a/deeper/three.jsonl', ['3']);
    expect(await textOf(store, 'runs/a/one.jsonl')).toBe('hello wörld');
    expect(await store.size('runs/a/one.jsonl')).toBe(12);
    await store.write('runs/a/one.jsonl', ['other']);
    expect(await textOf(store, 'runs/a/one.jsonl')).toBe('other');
    expect(await store.list('runs/a')).toEqual(['runs/a/one.jsonl', 'runs/a/two.jsonl']);
    await store.remove('runs/a/one.jsonl');
    expect(await store.list('runs/a')).toEqual(['runs/a/two.jsonl']);
    await store.remove('runs');
    expect(readdirSync(store.root)).toEqual([]);
  });

  test('that are not there have no size, and no folder has nothing', async () => {
    const store = await newStore();
    expect(await store.size('no/such')).toBeNull();
    expect(await store.list('no')).toEqual([]);
    await store.remove('no/such');
    await expect(textOf(store, 'no/such')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('are never seen half written', async () => {
    const store = await newStore();
    await store.write('runs/object', ['old']);
    const seen: (string | number)[] = [];
    async function* slowly() {
      for (let i = 0; i < 3; i++) {
        yield 'new '.repeat(10_000);
        seen.push(await textOf(store, 'runs/object'), (await store.list('runs')).length);
      }
    }
    await store.write('runs/object', slowly());
    expect(seen).toEqual(['old', 1, 'old', 1, 'old', 1]);
    expect(await store.size('runs/object')).toBe(120_000);
  });

  test('keep their old content and leave no trace when their source fails', async () => {
    const store = await newStore();
    await store.write('object', ['old']);
    async function* failing() {
      yield 'half';
      throw Object.assign(new Error('source is unreadable'), { code: 'EACCES' });
    }
    // The source's trouble is not the store's, whatever its code.
    await expect(store.write('object', failing())).rejects.toThrow('source is unreadable');
    expect(await textOf(store, 'object')).toBe('old');
    expect(readdirSync(store.root)).toEqual(['object']);
  });

  test('written at once by many end as one of them, whole', async () => {
    const root = await temporaryFolder();
    const stores = Array.from({ length: 20 }, () => new FolderStore(root));
    const texts = stores.map((_, i) => `${i} `.repeat(50_000));
    async function* pieces(text: string) {
      for (let at = 0; at < text.length; at += 10_000) yield text.slice(at, at + 10_000);
    }
    await Promise.all(stores.map((store, i) => store.write('object', pieces(texts[i]!))));
    expect(texts).toContain(readFileSync(join(root, 'object'), 'utf8'));
    expect(readdirSync(root)).toEqual(['object']);
  });

  test('are not there when their writer is killed, and the next one writes them', async () => {
    const root = await temporaryFolder();
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', WRITES_FOR_EVER, await compiled('backends/storage/store.ts'), root],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(join(root, 'runs'))).toHaveLength(1);
    const store = new FolderStore(root);
    expect(await store.size('runs/object')).toBeNull();
    expect(await store.list('runs')).toEqual([]);
    await store.write('runs/object', ['whole']);
    expect(await textOf(store, 'runs/object')).toBe('whole');
  });
});

describe('keys', () => {
  test.each(['..', '../other', 'runs/../../other', 'runs/../..', '', '.', 'runs/..'])('%j is refused', async (key) => {
    const store = await newStore();
    for (const work of [
      () => store.write(key, ['x']),
      () => store.size(key),
      () => store.list(`${key}/../..`),
      () => store.remove(key),
      () => textOf(store, key),
    ])
      expect(await failureOf(work())).toMatchObject({ type: 'InvalidInput' });
  });

  test('that only look like a way out stay inside', async () => {
    const store = await newStore();
    for (const key of ['/etc/passwd', '...', 'a/..b', 'a/../b']) {
      await store.write(key, ['x']);
      expect(store.path(key).startsWith(`${store.root}/`)).toBe(true);
      expect(existsSync(store.path(key))).toBe(true);
    }
  });

  test('a sibling folder that begins with the same name is outside', async () => {
    const store = await newStore();
    expect(() => store.path(`../${store.root.split('/').at(-1)}-other/x`)).toThrow('leads out of the store');
  });
});

describe('a disk that refuses', () => {
  test('by being full is waited for, with advice, and leaves no piece of the object', async (context) => {
    const folder = await temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { stdio: 'ignore' });
    } catch {
      context.skip('needs the right to mount a small disk');
    }
    onTestFinished(() => void execFileSync('umount', [folder]));
    const store = new FolderStore(folder);
    await store.write('fits', ['x'.repeat(1000)]);
    const failure = await failureOf(store.write('too-big', ['x'.repeat(100_000)]));
    expect(failure).toMatchObject({ type: 'StoreUnavailable', retryable: true });
    expect(failure.message).toBe(
      'cannot write too-big: the disk is full: free some space and the run goes on by itself',
    );
    expect(readdirSync(folder)).toEqual(['fits']);

    await store.remove('fits');
    await store.write('again', ['x'.repeat(50_000)]);
    expect(await store.size('again')).toBe(50_000);
  });

  test('by permissions says who lacks them, whatever was asked', async (context) => {
    const store = await newStore();
    await mkdir(join(store.root, 'closed'), { mode: 0o700 });
    await store.write('closed/object', ['x']);
    if (process.getuid?.() !== 0) context.skip('needs root, who can act as somebody else');
    const outer = store.root;
    process.setegid!(65_534);
    process.seteuid!(65_534);
    onTestFinished(() => {
      process.seteuid!(0);
      process.setegid!(0);
    });
    for (const [work, what] of [
      [() => store.write('new', ['x']), 'write new'],
      [() => store.size('closed/object'), 'read closed/object'],
      [() => textOf(store, 'closed/object'), 'read closed/object'],
      [() => store.list('closed'), 'list closed'],
      [() => store.remove('closed/object'), 'remove closed/object'],
    ] as const) {
      const failure = await failureOf(work());
      expect(failure).toMatchObject({ type: 'StoreUnavailable', retryable: true });
      expect(failure.message).toBe(`cannot ${what}: no permission there for the user of this worker`);
      expect(failure.message).not.toContain(outer);
    }
  });

  test('by a file in the way says so', async () => {
    const store = await newStore();
    await writeFile(join(store.root, 'runs'), 'a file');
    const failure = await failureOf(store.write('runs/a/object', ['x']));
    expect(failure).toMatchObject({ type: 'StoreUnavailable' });
    expect(failure.message).toContain('a file is where a folder should be');
  });
});
