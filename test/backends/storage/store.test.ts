import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Failure } from '../../../src/backends/failures.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { compiled } from '../../support/compiled.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { smallDisk } from '../../support/small-disk.ts';

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

  test('leave no trace when their source fails', async () => {
    const store = await newStore();
    await store.write('object', ['old']);
    async function* failing() {
      yield 'half';
      throw new Error('source is unreadable');
    }
    await expect(store.write('object', failing())).rejects.toThrow('source is unreadable');
    await expect(store.create('new', failing())).rejects.toThrow('source is unreadable');
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
  test('that only look like a way out stay inside', async () => {
    const store = await newStore();
    for (const key of ['...', 'a/..b', './a//b/']) {
      await store.write(key, ['x']);
      expect(store.path(key).startsWith(`${store.root}/`)).toBe(true);
      expect(existsSync(store.path(key))).toBe(true);
    }
  });

  test('can not follow a link out of the store, and can follow one within, or to the store itself', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'not ours');
    const real = await newStore();
    const link = join(await temporaryFolder(), 'store');
    await symlink(real.root, link);
    const store = new FolderStore(link);
    await store.write('runs/a/object', ['x']);
    await symlink('a', real.path('runs/b'));
    await symlink(outside, real.path('runs/out'));
    await symlink(join(outside, 'secret'), real.path('runs/secret'));
    expect(await textOf(store, 'runs/b/object')).toBe('x');
    for (const key of ['runs/out', 'runs/out/secret', 'runs/out/new/deep', 'runs/secret'])
      for (const work of [
        () => store.write(key, ['x']),
        () => store.create(key, ['x']),
        () => store.journal(key),
        () => textOf(store, key),
        () => store.size(key),
        () => store.holds(key),
        () => store.list(key),
        () => store.remove(key),
        () => store.fetch(key),
      ])
        expect(await failureOf(work())).toMatchObject({ type: 'InvalidInput' });
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('not ours');
  });
});

test('what killed writers left goes with a later write, once no writer can be at it', async () => {
  const store = await newStore();
  await store.write('runs/object', ['x']);
  const left = (name: string) => store.path(`runs/${name}.5f9c.tmp`);
  for (const name of ['old', 'new']) await writeFile(left(name), 'half');
  const twoDaysAgo = Date.now() / 1000 - 48 * 3600;
  await utimes(left('old'), twoDaysAgo, twoDaysAgo);
  await store.write('runs/object', ['y']);
  expect(readdirSync(store.path('runs')).sort()).toEqual(['new.5f9c.tmp', 'object']);
});

describe('a disk that refuses', () => {
  test('by being full is waited for, with advice, and leaves no piece of the object', async (context) => {
    const { folder } = await smallDisk(context, 64);
    const store = new FolderStore(folder);
    await store.write('fits', ['x'.repeat(1000)]);
    for (const put of ['write', 'create'] as const) {
      const failure = await failureOf(store[put]('too-big', ['x'.repeat(100_000)]));
      expect(failure).toMatchObject({ type: 'StoreUnavailable', retryable: true });
      expect(failure.message).toMatch(
        new RegExp(
          `^cannot write too-big in ${folder}: the disk is full: free some space there and the run goes on by itself ` +
            String.raw`\(0\.\d MB free for this user\)$`,
        ),
      );
      expect(readdirSync(folder)).toEqual(['fits']);
    }
    await store.remove('fits');
    await store.write('again', ['x'.repeat(50_000)]);
    expect(await store.size('again')).toBe(50_000);
  });

  test('in the middle of a journal loses nothing that was taken, and takes the rest once there is space', async (context) => {
    const { folder } = await smallDisk(context, 64);
    const store = new FolderStore(folder);
    await writeFile(join(folder, 'in the way'), Buffer.alloc(40_000));
    await store.create('journal.jsonl', []);
    const journal = await store.journal('journal.jsonl');
    onTestFinished(() => journal.close());
    const texts = Array.from({ length: 12 }, (_, i) => `${String(i).repeat(3_000)}\n`);
    const fates = await Promise.allSettled(texts.map((text) => journal.append(text).taken));
    expect(fates.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
    expect(await failureOf(journal.sync())).toMatchObject({ type: 'StoreUnavailable' });
    await rm(join(folder, 'in the way'));
    await journal.sync();
    expect(await textOf(store, 'journal.jsonl')).toBe(texts.join(''));
  });

  test('by being read-only says so, and goes on when it is not', async (context) => {
    const { folder, readOnly } = await smallDisk(context, 64);
    const store = new FolderStore(folder);
    await store.write('object', ['x']);
    readOnly(true);
    for (const work of [
      () => store.write('new', ['x']),
      () => store.create('new', ['x']),
      () => store.remove('object'),
    ])
      expect(await failureOf(work())).toMatchObject({
        type: 'StoreUnavailable',
        message: expect.stringContaining('the disk is read-only'),
      });
    expect(await textOf(store, 'object')).toBe('x');
    readOnly(false);
    await store.write('new', ['x']);
  });

  test('by permissions says who lacks them, whatever was asked', async (context) => {
    const store = await newStore();
    await mkdir(join(store.root, 'closed'), { mode: 0o700 });
    await store.write('closed/object', ['x']);
    if (process.getuid?.() !== 0) context.skip('needs root, who can act as somebody else');
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
      expect(failure.message).toBe(`cannot ${what} in ${store.root}: no permission there for the user of this worker`);
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
