import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { submitFineTune, type TrainedCheckpoint } from '../../../src/activities/submit-fine-tune.ts';
import { validateEvaluate } from '../../../src/activities/validate-input.ts';
import type { Failure } from '../../../src/backends/failures.ts';
import { readRows, writeRows } from '../../../src/backends/storage/artifacts.ts';
import type { Journal, Place } from '../../../src/backends/storage/journal.ts';
import { S3Store } from '../../../src/backends/storage/s3-store.ts';
import { ShardRows } from '../../../src/backends/storage/segments.ts';
import { FolderStore, type Store } from '../../../src/backends/storage/store.ts';
import { Training } from '../../../src/config/training.ts';
import { anEvaluation } from '../../support/evaluate-input.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { S3_KEYS, type S3Server, startS3Server } from '../../support/s3-server.ts';
import { TrainingDouble } from '../../support/training-double.ts';

let server: S3Server | null;
beforeAll(async () => {
  server = await startS3Server();
  if (server) Object.assign(process.env, server.env);
}, 600_000);
afterAll(() => server?.remove());

let prefixes = 0;

const KINDS = {
  'a folder': async () => new FolderStore(await temporaryFolder()),
  'a bucket': async (context: TestContext) => {
    if (!server) context.skip('needs Go, to build an S3 server');
    return new S3Store(`s3://bucket/some where/${prefixes++}`, await temporaryFolder());
  },
};

async function bytesOf(store: Store, key: string, range?: { from: number; to: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(key, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const textOf = async (...of: Parameters<typeof bytesOf>) => (await bytesOf(...of)).toString();

async function* pieces(text: string, count: number): AsyncIterable<string> {
  for (let i = 0; i < count; i++) yield text;
}

const rowsOf = (item: string) => [0, 1].map((sample) => ({ item, sample, text: `of ${item}` }));
const itemOf = (row: { item: string }) => row.item;

describe.each(Object.entries(KINDS))('%s', (_, newStore) => {
  test('has objects that are written, replaced, read, listed and removed', async (context) => {
    const store = await newStore(context);
    await store.write('runs/a/one.jsonl', ['hello ', Buffer.from('wörld')]);
    await store.write('runs/a/two.jsonl', ['2']);
    await store.write('runs/a/deeper/three.jsonl', []);
    expect(await textOf(store, 'runs/a/one.jsonl')).toBe('hello wörld');
    expect(await textOf(store, 'runs/a/one.jsonl', { from: 6, to: 9 })).toBe('wö');
    expect(await store.size('runs/a/one.jsonl')).toBe(12);
    expect(await store.size('runs/a/deeper/three.jsonl')).toBe(0);
    await store.write('runs/a/one.jsonl', ['other']);
    expect(await textOf(store, 'runs/a/one.jsonl')).toBe('other');
    expect(await store.list('runs/a')).toEqual(['runs/a/one.jsonl', 'runs/a/two.jsonl']);
    expect(
      await Promise.all(['runs', 'runs/a/one.jsonl', 'runs/a/deeper', 'run'].map((it) => store.holds(it))),
    ).toEqual([true, true, true, false]);
    expect(await store.list('runs/a', 'runs/a/one.jsonl')).toEqual(['runs/a/two.jsonl']);
    expect(await Promise.all(['runs', 'runs/a', 'no'].map((it) => store.folders(it)))).toEqual([['a'], ['deeper'], []]);
    await store.remove('runs/a/one.jsonl');
    expect(await store.list('runs/a')).toEqual(['runs/a/two.jsonl']);
    await store.remove('runs');
    expect(await store.holds('runs')).toBe(false);
  });

  test('says of what is not there that it is not', async (context) => {
    const store = await newStore(context);
    expect(await store.size('no/such')).toBeNull();
    expect(await store.list('no')).toEqual([]);
    await store.remove('no/such');
    await expect(textOf(store, 'no/such')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('takes names with odd characters', async (context) => {
    const store = await newStore(context);
    const names = ['größe → 数学 😀', 'a b+c%20&d=e?#', '\'quoted\' "twice"', '$(x);|*', 'a..b', '...'];
    for (const name of names) await store.write(`odd/${name}`, [name]);
    expect(await store.list('odd')).toEqual(names.map((name) => `odd/${name}`).sort());
    for (const name of names) expect(await textOf(store, `odd/${name}`)).toBe(name);
    await store.remove('odd');
    expect(await store.list('odd')).toEqual([]);
  });

  test.each(['..', '../other', 'runs/../../other', 'runs/..', 'a/../b', '', '.', '/etc/passwd', 'a\\..\\b', 'a\0b'])(
    'refuses the key %j, whatever it is for',
    async (key) => {
      const store = await newStore({ skip: () => {} } as unknown as TestContext);
      for (const work of [
        async () => store.path(key),
        async () => store.locate(key),
        () => store.write(key, ['x']),
        () => store.create(key, ['x']),
        () => store.size(key),
        () => store.holds(key),
        () => store.list(key),
        () => store.remove(key),
        () => store.fetch(key),
        () => textOf(store, key),
      ])
        await expect(work()).rejects.toMatchObject({ type: 'InvalidInput' });
    },
  );

  test('creates an object once, of many who try, small or big', async (context) => {
    const store = await newStore(context);
    for (const [key, count] of [
      ['small', 1],
      ['big', 100],
    ] as const) {
      const texts = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(100_000));
      const created = await Promise.all(texts.map((text) => store.create(key, pieces(text, count))));
      expect(created.filter((it) => it)).toHaveLength(1);
      const whole = texts[created.indexOf(true)]!.repeat(count);
      expect((await textOf(store, key)) === whole).toBe(true);
      expect(await store.create(key, ['late'])).toBe(false);
      expect(await store.size(key)).toBe(whole.length);
    }
  });

  test('has one of what many write at once, whole', async (context) => {
    const store = await newStore(context);
    const texts = Array.from({ length: 8 }, (_, i) => `${i} `.repeat(10_000));
    await Promise.all(texts.map((text) => store.write('object', pieces(text, 10))));
    expect(texts.map((text) => text.repeat(10))).toContain(await textOf(store, 'object'));
  });

  test('keeps what was there, and nothing else, where the source fails', async (context) => {
    const store = await newStore(context);
    await store.write('folder/object', ['old']);
    async function* failing() {
      yield 'half'.repeat(5_000_000);
      throw Object.assign(new Error('the source is unreadable'), { code: 'EACCES' });
    }
    // The source's trouble is not the store's, whatever its code.
    await expect(store.write('folder/object', failing())).rejects.toThrow('the source is unreadable');
    await expect(store.create('folder/new', failing())).rejects.toThrow('the source is unreadable');
    expect(await textOf(store, 'folder/object')).toBe('old');
    expect(await store.list('folder')).toEqual(['folder/object']);
  });

  test('lists and removes more than a page', async (context) => {
    const store = await newStore(context);
    const keys = Array.from({ length: 1_100 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
    const folder = store instanceof FolderStore ? store.root : store.root.replace('s3://bucket', server!.bucketFolder);
    await mkdir(join(folder, 'many'), { recursive: true });
    await Promise.all(keys.map((key) => writeFile(join(folder, key), key)));
    expect(await store.list('many')).toEqual(keys);
    await store.remove('many');
    expect(await store.list('many')).toEqual([]);
  });

  test('has journals, whose places are where the text is once it is synced', async (context) => {
    const store = await newStore(context);
    await store.create('j/000001.jsonl', []);
    const journal: Journal = await store.journal('j/000001.jsonl');
    const placed: [string, Place][] = [];
    for (const texts of [['one\n', 'zwölf\n'], [], ['数\n', 'x'.repeat(100_000), '\n']]) {
      for (const text of texts) placed.push([text, journal.append(text).place]);
      await journal.sync();
    }
    for (const [text, { key, ...range }] of placed) expect(await textOf(store, key, range)).toBe(text);
    await journal.close();
  });

  test('streams an artifact in and out, and notices that it was changed', async (context) => {
    const store = await newStore(context);
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ i, text: 'some text' }));
    const ref = await writeRows(store, 'rows.jsonl', rows);
    const all = [];
    for await (const row of readRows(store, ref)) all.push(row);
    expect(all).toEqual(rows);
    expect(ref.sha256).toBe(
      createHash('sha256')
        .update(await bytesOf(store, 'rows.jsonl'))
        .digest('hex'),
    );
    await store.write('rows.jsonl', [(await textOf(store, 'rows.jsonl')).replace('some', 'sOme')]);
    const reading = async () => {
      for await (const _ of readRows(store, ref));
    };
    await expect(reading()).rejects.toMatchObject({ type: 'CorruptArtifact' });
    await store.remove('rows.jsonl');
    await expect(reading()).rejects.toMatchObject({ message: expect.stringContaining(store.root) });
  });

  test('keeps a shard: a new attempt finds its rows, and the older one ends', async (context) => {
    const store = await newStore(context);
    const open = () => ShardRows.open(store, 'runs/a/shard-000.jsonl', { itemOf });
    const first = await open();
    await Promise.all(['q2', 'q0'].map((item) => first.add(rowsOf(item))));
    await first.flush();
    await first.add(rowsOf('q3'));
    const part = await first.commitPart(['q0', 'q1', 'q2', 'q3']);
    const second = await open();
    expect(['q0', 'q1', 'q2', 'q3'].map((item) => second.has(item))).toEqual([true, false, true, true]);
    await first.add(rowsOf('q1'));
    await expect(first.flush()).rejects.toMatchObject({ type: 'Superseded' });
    await second.add(rowsOf('q1'));
    const ref = await second.commit(['q0', 'q1', 'q2', 'q3']);
    const rows = [];
    for await (const row of readRows(store, ref)) rows.push(row);
    expect(rows).toEqual(['q0', 'q1', 'q2', 'q3'].flatMap(rowsOf));
    expect(part.rows).toBe(6);
    expect(await store.list('runs/a')).toEqual([part.uri, ref.uri]);
    expect(await (await open()).commit(['q0', 'q1', 'q2', 'q3'])).toEqual(ref);
    for (const attempt of [first, second]) await attempt.close();
  });

  test('brings folders to this machine and back', async (context) => {
    const store = await newStore(context);
    const [config, weights] = ['runs/a/checkpoint/config.json', 'runs/a/checkpoint/deeper/weights'];
    await mkdir(dirname(store.path(weights)), { recursive: true });
    await writeFile(store.path(config), '{}');
    await writeFile(store.path(weights), Buffer.alloc(20_000_000, 'w'));
    await store.keep('runs/a/checkpoint');
    expect(await store.size(weights)).toBe(20_000_000);
    const path = await store.fetch('runs/a/checkpoint');
    expect(await readFile(`${path}/config.json`, 'utf8')).toBe('{}');
    expect(await store.fetch('runs/a/checkpoint/config.json')).toBe(`${path}/config.json`);
  });
});

describe('a bucket', () => {
  const newStore = KINDS['a bucket'];

  test('that is away, and a server that is, are waited for, and nothing is lost', async (context) => {
    const store = await newStore(context);
    const { bucketFolder } = server!;
    const shard = await ShardRows.open(store, 'runs/a/shard-000.jsonl', { itemOf });
    await shard.add(rowsOf('q0'));
    await shard.flush();
    const whole = await writeRows(store, 'rows.jsonl', [1, 2]);
    const everything = [
      () => store.write('new', ['x']),
      () => store.create('new', ['x']),
      () => store.size('rows.jsonl'),
      () => store.holds('rows.jsonl'),
      () => store.list('runs'),
      () => store.remove('rows.jsonl'),
      () => textOf(store, 'rows.jsonl'),
      () => readRows(store, whole)[Symbol.asyncIterator]().next(),
      () => shard.flush(),
    ];
    await shard.add(rowsOf('q1'));
    await rename(bucketFolder, `${bucketFolder}-away`);
    for (const work of everything)
      await expect(work()).rejects.toMatchObject({
        type: 'StoreUnavailable',
        retryable: true,
        message: expect.stringContaining('there is no bucket "bucket": create it'),
      });
    await rename(`${bucketFolder}-away`, bucketFolder);
    await server!.stop();
    await expect(shard.flush()).rejects.toMatchObject({
      type: 'StoreUnavailable',
      message: expect.stringContaining('goes on by itself'),
    });
    await server!.start();
    await shard.add(rowsOf('q2'));
    expect(await shard.commit(['q0', 'q1', 'q2'])).toMatchObject({ rows: 6 });
  }, 60_000);

  test('keeps a fine-tune: it works in a folder of this machine, and its checkpoint is fetched elsewhere', async (context) => {
    const store = await newStore(context);
    await writeRows(store, 'run/sft.jsonl', [{ prompt: 'p', completion: 'c' }]);
    const training = { trl: new TrainingDouble(), llamafactory: new TrainingDouble() };
    const task = { output: 'run/fine-tune', name: 'run', base: 'models/actor', data: 'run/sft.jsonl', seed: 1 };
    const { checkpoint }: TrainedCheckpoint = await new MockActivityEnvironment().run(
      submitFineTune,
      { store, training },
      { ...task, training: Training.parse({}) },
    );
    expect(checkpoint.uri).toBe('run/fine-tune/checkpoint');
    const elsewhere = new S3Store(store.root, await temporaryFolder());
    const config = JSON.parse(await readFile(join(await elsewhere.fetch(checkpoint.uri), 'config.json'), 'utf8'));
    expect(config.weightsSha256).toBe(checkpoint.sha256);
    const again = await new MockActivityEnvironment().run(
      submitFineTune,
      { store: elsewhere, training },
      { ...task, training: Training.parse({}) },
    );
    expect(again).toEqual({ checkpoint, rows: 1, dropped: 0, steps: 3, seconds: 0.1 });
    expect(training.trl.submitted).toHaveLength(1);
    // Who starts over removes it from the bucket: what is left of it on a machine does not count.
    const left = join(store.path('run/fine-tune'), 'resume');
    await writeFile(left, 'half a fine-tune');
    await store.begin('run/fine-tune');
    expect(existsSync(left)).toBe(true);
    await store.remove('run/fine-tune');
    await store.begin('run/fine-tune');
    expect(existsSync(left)).toBe(false);
    expect(await elsewhere.fetch('run/sft.jsonl')).not.toBe(training.trl.submitted[0]!.data);
  });

  test('that hangs lets whoever appends wait before memory is full', async (context) => {
    const store = await newStore(context);
    await store.create('000001.jsonl', []);
    const journal = await store.journal('000001.jsonl');
    const megabyte = 'x'.repeat(1 << 20);
    let taken = 0;
    while (journal.append(megabyte).taken !== null) taken++;
    expect(taken).toBe(8);
    await journal.sync();
    expect(journal.append(megabyte).taken).not.toBeNull();
    expect(await store.size('000001-000001.jsonl')).toBe(9 << 20);
  });

  test.each([
    [
      'another secret',
      { AWS_SECRET_ACCESS_KEY: 'secret-of-another' },
      's3://bucket/x',
      /access is denied: this worker needs cred/,
    ],
    ['another key', { AWS_ACCESS_KEY_ID: 'nobody-known' }, 's3://bucket/x', /access is denied: this worker needs cred/],
    ['another region', { AWS_REGION: 'eu-central-1' }, 's3://bucket/x', /set AWS_REGION to the region of the bucket/],
    ['another bucket', {}, 's3://other-bucket/x', /there is no bucket "other-bucket": create it/],
  ])('that is asked with %s says what is needed, and no credential', async (_, env, root, said) => {
    if (!server) return;
    Object.assign(process.env, env);
    const store = new S3Store(root, await temporaryFolder());
    const input = anEvaluation({ url: 'http://127.0.0.1:1/v1' });
    const deps = { store, hasSearchAttributes: async () => true };
    const quietly = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
    for (const work of [
      () => store.write('new', ['x']),
      () => store.size('new'),
      () => store.list('runs'),
      () => quietly.run(validateEvaluate, deps, input),
    ]) {
      const failure = (await (work() as Promise<unknown>).catch((error) => error)) as Failure;
      expect(failure.message).toMatch(said);
      expect(failure.type).toBe('StoreUnavailable');
      expect(failure.message).toMatch(new RegExp(`^cannot (write|read|list) ${root}`));
      expect(failure.message).not.toContain('\n');
      const told = inspect(failure, { depth: 10 });
      for (const secret of [...Object.values(S3_KEYS), ...Object.values(env).filter((it) => it !== 'eu-central-1')])
        expect(told).not.toContain(secret);
    }
    Object.assign(process.env, server.env);
  });

  test('brings a folder once for all who ask, and again where it was written anew', async (context) => {
    const store = await newStore(context);
    await store.write('model/config.json', ['{}']);
    await store.write('model/weights-1', ['one']);
    await store.write('model/weights-2', ['two']);
    const read = vi.spyOn(store, 'read');
    const paths = await Promise.all(Array.from({ length: 4 }, () => store.fetch('model')));
    expect(new Set(paths).size).toBe(1);
    expect(read).toHaveBeenCalledTimes(3);
    await store.fetch('model/config.json');
    expect(read).toHaveBeenCalledTimes(3);
    await store.remove('model/weights-2');
    await sleep(1_000);
    await store.write('model/weights-1', ['uno']);
    const [path] = paths;
    await store.fetch('model');
    expect(await readFile(`${path}/weights-1`, 'utf8')).toBe('uno');
    expect((await readdir(path!)).sort()).toEqual(['config.json', 'weights-1']);
  });

  test('keeps an adapter with its base, wherever either is brought', async (context) => {
    const store = await newStore(context);
    const [base, adapter] = ['runs/base/checkpoint', 'runs/tuned/fine-tune'];
    await store.write(`${base}/config.json`, ['{}']);
    await mkdir(store.path(adapter), { recursive: true });
    const config = { r: 4, base_model_name_or_path: await store.fetch(base) };
    await writeFile(store.path(`${adapter}/adapter_config.json`), JSON.stringify(config));
    await store.keep(adapter);
    expect(JSON.parse(await textOf(store, `${adapter}/adapter_config.json`)).base_model_name_or_path).toBe(
      `${store.root}/${base}`,
    );
    const elsewhere = new S3Store(store.root, await temporaryFolder());
    for (let times = 0; times < 2; times++) {
      const path = await elsewhere.fetch(adapter);
      const found = JSON.parse(await readFile(`${path}/adapter_config.json`, 'utf8'));
      expect(found).toEqual({ r: 4, base_model_name_or_path: elsewhere.path(base) });
      expect(await readFile(`${elsewhere.path(base)}/config.json`, 'utf8')).toBe('{}');
    }
  });

  test('keeps what is not there yet, and brings none of it back', async (context) => {
    const store = await newStore(context);
    const files = ['runs/a/fine-tune/job.json', 'runs/a/fine-tune/checkpoint/weights'];
    await mkdir(store.path('runs/a/fine-tune/checkpoint'), { recursive: true });
    for (const file of files) await writeFile(store.path(file), file);
    const write = vi.spyOn(store, 'write');
    const read = vi.spyOn(store, 'read');
    await store.keep('runs/a/fine-tune');
    await store.keep('runs/a/fine-tune');
    expect(write).toHaveBeenCalledTimes(2);
    await store.fetch('runs/a/fine-tune/checkpoint');
    expect(read).not.toHaveBeenCalled();
    expect(await store.list('runs/a/fine-tune')).toEqual([files[0]]);
  });

  test('keeps on this machine what it brought there, and brings again what is not whole', async (context) => {
    const store = await newStore(context);
    await store.write('model/config.json', ['{}']);
    await store.write('model/weights', ['w'.repeat(1000)]);
    const path = await store.fetch('model');
    expect(await readFile(`${path}/weights`, 'utf8')).toBe('w'.repeat(1000));
    await writeFile(`${path}/config.json`, '[]');
    await store.fetch('model');
    expect(await readFile(`${path}/config.json`, 'utf8')).toBe('{}');
    await writeFile(`${path}/weights`, 'torn');
    await store.fetch('model');
    expect(await readFile(`${path}/weights`, 'utf8')).toBe('w'.repeat(1000));
  });

  test.each(['s3://', 's3:///prefix', 's3://Not_A_Bucket/x', 's3://bucket/../other'])('can not be %s', (root) => {
    expect(() => new S3Store(root, '.')).toThrow();
  });
});
