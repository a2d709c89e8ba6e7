import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Access, openQuestions } from '../../../src/backends/datasets/index.ts';
import { Questions } from '../../../src/config/datasets.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { reply } from '../../support/http.ts';
import { collect } from './collect.ts';
import { type FakeHub, startFakeHub } from './fake-hub.ts';

const COMMIT = '6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be';
const GSM8K_COMMIT = '740312add88f781978c0658806c59bc2815b9866';
const MATH_COMMIT = '0530c78699ea5e8eb5530600900e1f328b48acad';
const TOKEN = 'hf_secret';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures', name));
const lines = (...questions: string[]) =>
  questions.map((question) => `${JSON.stringify({ question, answer: '1' })}\n`).join('');

let hub: FakeHub;
let access: Access;
beforeEach(async () => {
  hub = await startFakeHub({
    'openai/gsm8k': {
      commit: GSM8K_COMMIT,
      files: {
        'main/train-00000-of-00001.parquet': '',
        'main/test-00000-of-00001.parquet': fixture('gsm8k-5.parquet'),
      },
    },
    'DigitalLearningGmbH/MATH-lighteval': {
      commit: MATH_COMMIT,
      files: {
        'algebra/train-00000-of-00001.parquet': '',
        'data/train-00000-of-00001.parquet': fixture('math-8.parquet'),
      },
    },
    'org/shards': {
      commit: COMMIT,
      files: {
        'README.md': 'about',
        'data/b.jsonl': lines('c'),
        'data/a.jsonl': lines('a', 'b'),
        'data/large.jsonl': lines(...Array.from({ length: 50 }, (_, i) => `large ${i}`)),
      },
    },
    'org/private': { commit: COMMIT, files: { 'x.jsonl': lines('secret') }, token: TOKEN },
  });
  access = { cache: await temporaryFolder(), env: { HF_ENDPOINT: `${hub.origin}/` }, waitMs: 1 };
});

const shards = { source: 'hub', name: 'org/shards', files: 'data/?.jsonl', answers: 'plain' };
const large = { ...shards, files: 'data/large.jsonl' };
const asked = async (config: object, rest: Partial<Access> = {}) =>
  (await collect(config, { ...access, ...rest })).map(({ question }) => question);
const failing = (config: object, rest: Partial<Access> = {}) =>
  collect(config, { ...access, ...rest }).then(
    () => expect.fail('it was read'),
    (error) => error,
  );
const requests = () => hub.hub.received.length + hub.cdn.received.length;

describe('a dataset on the hub', () => {
  test('is read by its name and a pattern of files, in the order of their names', async () => {
    expect(await asked(shards)).toEqual(['a', 'b', 'c']);
    expect(await asked({ ...shards, files: '**/a.jsonl', revision: COMMIT })).toEqual(['a', 'b']);
  });

  test('is fetched once; then it needs no network', async () => {
    expect(await asked(large)).toHaveLength(50);
    expect(hub.cdn.received.length).toBeGreaterThan(0);
    const before = requests();
    expect(await asked({ ...large, revision: COMMIT })).toHaveLength(50);
    expect(requests()).toBe(before);
    const gone = { env: { HF_ENDPOINT: 'http://127.0.0.1:1' } };
    expect(await asked(large, gone)).toHaveLength(50);
    const folder = join(access.cache, 'hub/org--shards');
    expect(readdirSync(folder).sort()).toEqual([COMMIT, `${COMMIT}.json`, 'refs']);
    expect(readdirSync(join(folder, COMMIT, 'data'))).toEqual(['large.jsonl']);
  });

  test('says what its revision meant, and goes on to mean it', async () => {
    const config = Questions.parse(shards);
    const { origin } = await openQuestions(config, access);
    const expected = { name: 'org/shards', revision: 'main', commit: COMMIT, files: ['data/a.jsonl', 'data/b.jsonl'] };
    expect(origin).toEqual(expected);

    const moved = '1'.repeat(40);
    hub.repositories['org/shards'] = { commit: moved, files: { 'data/a.jsonl': lines('new') } };
    expect(await asked(shards, { origin })).toEqual(['a', 'b', 'c']);
    expect(await asked(shards)).toEqual(['new']);
    expect((await openQuestions(config, access)).origin?.commit).toBe(moved);
    // What another dataset or revision meant says nothing about this one.
    expect(await asked(shards, { origin: { ...origin!, revision: 'v1' } })).toEqual(['new']);
    expect(await asked(shards, { origin: { ...origin!, name: 'org/other' } })).toEqual(['new']);
  });

  test('GSM8K and MATH are at fixed commits of theirs', async () => {
    const gsm8k = { source: 'gsm8k', split: 'test' };
    const math = { source: 'math', split: 'train' };
    expect(await collect(gsm8k, access)).toEqual(await collect({ ...gsm8k, path: 'test/fixtures/gsm8k-5.parquet' }));
    expect(await collect(math, access)).toEqual(await collect({ ...math, path: 'test/fixtures/math-8.jsonl' }));
    expect((await openQuestions(Questions.parse(math), access)).origin?.commit).toBe(MATH_COMMIT);
    expect(hub.hub.received.filter(({ path }) => path.includes('/revision/'))).toEqual([]);
  });

  test('that is private needs a token, which goes to the hub alone', async () => {
    const config = { ...shards, name: 'org/private', files: 'x.jsonl' };
    const env = { ...access.env, MY_TOKEN: TOKEN };
    expect(await asked({ ...config, tokenEnv: 'MY_TOKEN' }, { env })).toEqual(['secret']);
    expect(await asked(large, { env: { ...access.env, HF_TOKEN: TOKEN } })).toHaveLength(50);
    for (const { headers } of hub.cdn.received) expect(headers.authorization).toBeUndefined();

    const refused = await failing(config, { cache: await temporaryFolder() });
    expect(refused).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(refused.message).toMatch(/refuses org\/private \(401\): .* has to be in HF_TOKEN where this worker runs; /);
    const wrong = await failing(config, {
      cache: await temporaryFolder(),
      env: { ...access.env, HF_TOKEN: 'hf_wrong' },
    });
    expect(wrong.message).not.toContain('hf_wrong');
    const unset = await failing({ ...config, tokenEnv: 'MY_TOKEN' });
    expect(unset.message).toBe('"tokenEnv" names MY_TOKEN, which is not set where this worker runs');
  });
});

describe('what is not there', () => {
  test('a pattern that matches nothing is told with the files that there are', async () => {
    const failure = await failing({ ...shards, files: 'main/*.parquet' });
    expect(failure.message).toBe(
      `no file of org/shards at ${COMMIT} matches "main/*.parquet": it has README.md, data/a.jsonl, data/b.jsonl, data/large.jsonl`,
    );
  });

  test('a revision', async () => {
    expect((await failing({ ...shards, revision: 'v9' })).message).toContain(
      'has no dataset org/shards with a revision "v9" (404)',
    );
    const unknown = '2'.repeat(40);
    expect((await failing({ ...shards, revision: unknown })).message).toContain(`"${unknown}" (404)`);
  });

  test('a dataset, which the hub does not tell from a private one', async () => {
    const failure = await failing({ ...shards, name: 'org/none' });
    expect(failure.message).toContain('refuses org/none (401): there is none of this name, or');
  });

  test('an address', async () => {
    const failure = await failing(shards, { env: { HF_ENDPOINT: 'mirror' } });
    expect(failure).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/^HF_ENDPOINT is "mirror", /),
    });
  });

  test('the hub itself: how to bring the files by hand', async () => {
    hub.fault = (_, response) => Boolean(response.destroy());
    const failure = await failing({ source: 'math', split: 'test' });
    expect(failure).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(failure.message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ can't be read from here: fetch failed \(other side closed\); /,
    );
    expect(failure.message).toContain(
      `run \`hf download DigitalLearningGmbH/MATH-lighteval --repo-type dataset --revision ${MATH_COMMIT} ` +
        '--include "data/test-*.parquet" --local-dir DIR`, bring DIR here and take {"source": "math", "path": "DIR"}',
    );
  });
});

describe('a server that fails', () => {
  type Fault = (response: ServerResponse) => unknown;

  /** Fails the first requests whose path has the text. */
  function failFirst(times: number, path: string, fail: Fault) {
    let left = times;
    hub.fault = (request, response) => {
      if (left === 0 || !request.path.includes(path)) return false;
      left--;
      fail(response);
      return true;
    };
  }

  const breakOff: Fault = (response) => {
    response.writeHead(200, { 'content-length': '1000', 'content-range': 'bytes 0-0/1000', etag: '"1"' });
    response.write('{"question"');
    setTimeout(() => response.destroy(), 5);
  };
  const FAULTS: [string, Fault][] = [
    ['is overloaded', (response) => reply(response, 'slow down', 429, { 'retry-after': '0' })],
    ['restarts', (response) => reply(response, 'bad gateway', 502)],
    ['hangs up', (response) => response.destroy()],
    ['breaks off', breakOff],
  ];
  const PLACES: [string, string][] = [
    ['the revision', '/revision/'],
    ['a list of files', '/tree/'],
    ['the second page of the list', 'cursor=2'],
    ['a file', '/resolve/'],
    ['a file elsewhere', '/org--shards/'],
  ];

  test.each(FAULTS.flatMap(([what, fault]) => PLACES.map(([where, path]) => [what, where, path, fault] as const)))(
    'and %s at %s is asked again',
    async (_what, _where, path, fault) => {
      failFirst(2, path, fault);
      expect(await asked(large)).toHaveLength(50);
    },
  );

  test('sends other bytes than it lists: asked again, and never kept', async () => {
    const wrong: Fault = (response) => {
      const content = Buffer.from(
        hub.repositories['org/shards']!.files['data/large.jsonl']!.toString().replace('large', 'wrong'),
      );
      response.writeHead(206, { 'content-range': `bytes 0-0/${content.length}`, etag: '"1"' }).end(content);
    };
    failFirst(4, '/org--shards/', wrong);
    expect(await asked(large)).not.toContain('wrong 0');
    failFirst(1000, '/org--shards/', wrong);
    const cache = await temporaryFolder();
    const failure = await failing(large, { cache });
    expect(failure.message).toMatch(/data\/large\.jsonl hashes to [0-9a-f]{64}, expected [0-9a-f]{64}; /);
    expect(readdirSync(join(cache, 'hub/org--shards', COMMIT, 'data'))).toEqual([]);
  });

  test('a small file that came damaged is told by the hash that git gives it', async () => {
    failFirst(1000, '/cache/', (response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-0/30', etag: '"1"' }).end('x'.repeat(lines('c').length));
    });
    const failure = await failing({ ...shards, files: 'data/b.jsonl' });
    expect(failure.message).toMatch(/data\/b\.jsonl hashes to [0-9a-f]{40}, expected [0-9a-f]{40}; /);
  });

  test('for good is told after five attempts, and leaves nothing half', async () => {
    failFirst(1000, '/resolve/', (response) => reply(response, 'down', 503));
    const failure = await failing(large);
    expect(failure.message).toMatch(/can't be read from here: it answers 503; where it can be read, run `hf download /);
    expect(hub.hub.received.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(5);
    expect(readdirSync(join(access.cache, 'hub/org--shards', COMMIT, 'data'))).toEqual([]);
  });

  test('is none of the hub', async () => {
    hub.fault = (_, response) => {
      reply(response, '<html>Log in to the network</html>');
      return true;
    };
    const failure = await failing(large);
    expect(failure.message).toMatch(/does not answer as the Hugging Face hub: .*; where it can be read, run/);
    expect(hub.hub.received).toHaveLength(1);
  });

  test('lists names that lead out of the cache: they are not fetched', async () => {
    hub.repositories['org/shards']!.files['../../x.jsonl'] = lines('x');
    hub.repositories['org/shards']!.files['/tmp/x.jsonl'] = lines('x');
    expect((await failing({ ...shards, files: '**/x.jsonl' })).message).not.toContain('x.jsonl,');
    expect(existsSync(join(access.cache, 'x.jsonl'))).toBe(false);
  });

  test('is left at once by a cancelled activity', async () => {
    const controller = new AbortController();
    hub.fault = (request, response) => {
      if (!request.path.includes('/org--shards/')) return false;
      response.writeHead(206, { 'content-range': 'bytes 0-0/1000', etag: '"1"' }).write('{');
      controller.abort();
      return true;
    };
    const failure = await failing(large, { signal: controller.signal });
    expect(failure.name).toBe('AbortError');
    expect(readdirSync(join(access.cache, 'hub/org--shards', COMMIT, 'data'))).toEqual([]);
  });
});
