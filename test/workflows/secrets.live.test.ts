import { afterAll, describe, expect, it } from 'vitest';
import { Bench } from '../support/bench.ts';
import type { FakeRequest } from '../support/fake-openai.ts';
import { expectNone, leftBehind } from '../support/left-behind.ts';
import { temporalAddress } from '../support/temporal.ts';

/** What a worker may have in its environment. */
const PLANTED = {
  PLANTED_ENDPOINT_KEY: 'planted-endpoint-key-4711',
  HF_TOKEN: 'hf_plantedTokenOfTheHub4711',
  AWS_SECRET_ACCESS_KEY: 'plantedSecretOfTheStore4711',
};
const before = { ...process.env };
Object.assign(process.env, PLANTED);
afterAll(() => {
  process.env = before;
});

const bench = Bench.use(() => temporalAddress);

/** Some servers tell what they were sent. */
const echo = { message: `bad request; it had the header Authorization: Bearer ${PLANTED.PLANTED_ENDPOINT_KEY}` };

const isOdd = ({ question }: FakeRequest) => Number(question.id.split('-').at(-1)) % 2 === 1;

async function leftBy(id: string): Promise<string[]> {
  const left = await leftBehind(bench.client, id, bench.workers.store.root);
  expect(left.join()).toContain('PLANTED_ENDPOINT_KEY');
  return left;
}

const expectNoSecret = (texts: readonly string[]) => expectNone(Object.values(PLANTED), texts);

describe('a planted key is nowhere', () => {
  it('after a run whose engine repeats it in what it says of half of the rows', async () => {
    const fake = await bench.fake();
    fake.fault = (request) => (request.kind === 'critique' && isOdd(request) ? { status: 400, ...echo } : null);
    const endpoint = { baseUrl: fake.url, apiKeyEnv: 'PLANTED_ENDPOINT_KEY' };
    const input = bench.input(fake, { pool: 40, tested: 20, actor: { endpoint }, critic: { endpoint } });
    const result = await (await bench.start('secret-kept', input)).result();
    expect(result.status).toBe('completed');
    expect(result.warnings.join()).toContain('were refused by the engine');
    const left = await leftBy('secret-kept');
    expect(left.join()).toContain('Authorization: Bearer [key]');
    expectNoSecret(left);
  });

  it.each([
    [400, 'BadRequest'],
    [401, 'Unauthorized'],
  ])('after a run that fails of it: %d, %s', async (status, type) => {
    const fake = await bench.fake();
    fake.fault = () => ({ status, ...echo });
    const endpoint = { baseUrl: fake.url, apiKeyEnv: 'PLANTED_ENDPOINT_KEY' };
    const id = `secret-${status}`;
    const handle = await bench.start(id, bench.input(fake, { actor: { endpoint }, critic: { endpoint } }));
    const failed = (await handle.result().catch((error) => error)) as { cause: { type: string; message: string } };
    expect(failed.cause.type).toBe(type);
    expect(failed.cause.message).toContain('Authorization: Bearer [key]');
    expectNoSecret(await leftBy(id));
  });
});
