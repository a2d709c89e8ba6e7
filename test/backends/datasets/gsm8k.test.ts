import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fetchGsm8k } from '../../../src/backends/datasets/gsm8k.ts';
import { readQuestions } from '../../../src/backends/datasets/index.ts';
import { Questions } from '../../../src/config/datasets.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { type HttpServer, reply, startHttp } from '../../support/http.ts';
import { sharedData } from '../../support/shared-data.ts';

const fixture = join(import.meta.dirname, '../../fixtures/gsm8k-50.jsonl');

/** A server that stands for all of the internet during the running test. */
async function internet(answer: (response: ServerResponse) => unknown): Promise<HttpServer> {
  const server = await startHttp((_, response) => answer(response));
  const before = getGlobalDispatcher();
  const here = new Agent().compose(
    (dispatch) => (options, handler) => dispatch({ ...options, origin: server.origin }, handler),
  );
  setGlobalDispatcher(here);
  onTestFinished(() => setGlobalDispatcher(before));
  return server;
}

describe('GSM8K', () => {
  test('by a path is read from there', async () => {
    const questions = [];
    const config = Questions.parse({ source: 'gsm8k', split: 'test', path: fixture, count: 20 });
    for await (const question of readQuestions(config, '/no/such/cache')) questions.push(question);
    expect(questions).toHaveLength(20);
    expect(questions[0]).toMatchObject({
      id: 'gsm8k-test-1',
      question: expect.stringMatching(/^Janet.s ducks lay 16 eggs/),
      reference: '18',
      answerFormat: 'plain',
    });
    expect(questions[0]!.solution).toContain('#### 18');
  });

  test('is fetched once and read from the cache afterwards', async (context) => {
    const official = sharedData(context, 'gsm8k-test.jsonl');
    const server = await internet((response) => reply(response, official));
    const cached = join(await temporaryFolder(), 'cache/gsm8k-test.jsonl');
    expect(await fetchGsm8k('test', cached)).toBe(cached);
    expect(await fetchGsm8k('test', cached)).toBe(cached);
    expect(server.received.map(({ path }) => path)).toEqual([
      '/openai/grade-school-math/master/grade_school_math/data/test.jsonl',
    ]);
    expect(readdirSync(join(cached, '..'))).toEqual(['gsm8k-test.jsonl']);
  });

  test('in the cache needs no network', async () => {
    const server = await internet((response) => response.destroy());
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'gsm8k-train.jsonl'), '{"question":"a","answer":"#### 1"}\n');
    const questions = [];
    const config = Questions.parse({ source: 'gsm8k', split: 'train' });
    for await (const question of readQuestions(config, folder)) questions.push(question);
    expect(questions).toMatchObject([{ id: 'gsm8k-train-1', reference: '1' }]);
    expect(server.received).toEqual([]);
  });

  test.each<[string, (response: ServerResponse) => unknown, string]>([
    ['does not answer', (response) => response.destroy(), "can't be fetched from here"],
    [
      'breaks off in the middle',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"question"');
        setTimeout(() => response.destroy(), 5);
      },
      "can't be fetched from here",
    ],
    ['says no', (response) => reply(response, 'Not Found', 404), 'answered 404'],
    [
      'sends something else',
      (response) => reply(response, '<html>Log in</html>'),
      `not the official file (SHA-256 ${createHash('sha256').update('<html>Log in</html>').digest('hex')})`,
    ],
  ])('whose server %s says how to bring the file by hand, and leaves nothing', async (_, answer, said) => {
    await internet(answer);
    const folder = await temporaryFolder();
    const failure = await fetchGsm8k('train', join(folder, 'train.jsonl')).catch((error) => error);
    expect(failure).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(failure.message).toContain(said);
    expect(failure.message).toMatch(/download https:\/\/\S+\/train\.jsonl and name it in "path"$/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
