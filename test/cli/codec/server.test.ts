import { request } from 'node:http';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, it, onTestFinished } from 'vitest';
import { Encryption } from '../../../src/cli/codec/encryption.ts';
import { addKey } from '../../../src/cli/codec/keys.ts';
import { originsOf, serveCodec } from '../../../src/cli/codec/server.ts';
import { temporaryFolder } from '../../support/folder.ts';

const UI = 'http://localhost:8233';
const body = JSON.stringify({ payloads: [payloadToJSON(defaultPayloadConverter.toPayload('a secret')!)] });

async function serving(token?: string) {
  const file = join(await temporaryFolder(), 'keys');
  await addKey(file);
  const codec = await Encryption.open(file);
  const server = await serveCodec({ codec, port: 0, origins: new Set([UI]), token });
  onTestFinished(() => server.close());
  const ask = (path: string, given: RequestInit = {}) =>
    fetch(`${server.url}${path}`, { method: 'POST', body, ...given });
  return { url: server.url, ask };
}

it('encodes and decodes, in the JSON of protobuf', async () => {
  const { ask } = await serving();
  const encoded = await (await ask('/encode')).text();
  expect(encoded).not.toBe(body);
  expect(JSON.parse(encoded).payloads[0].metadata.encoding).toBe(Buffer.from('binary/encrypted').toString('base64'));
  const decoded = await ask('/decode', { body: encoded });
  expect(decoded.headers.get('content-type')).toBe('application/json');
  expect(await decoded.json()).toEqual(JSON.parse(body));
});

it("answers the UI's origin, and no other one's", async () => {
  const { ask } = await serving();
  const preflight = { method: 'OPTIONS', body: null, headers: { origin: UI } };
  const asked = await ask('/decode', preflight);
  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-origin')).toBe(UI);
  expect(asked.headers.get('access-control-allow-headers')).toContain('x-namespace');
  expect((await ask('/decode', { headers: { origin: UI } })).status).toBe(200);

  const elsewhere = await ask('/decode', { headers: { origin: 'http://evil.example:8233' } });
  expect(elsewhere.status).toBe(403);
  expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
});

it('asks for its token, of the UI too', async () => {
  const { ask } = await serving('opensesame');
  const status = async (headers: Record<string, string>) => (await ask('/decode', { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: 'Bearer opensesam' })).toBe(401);
  expect(await status({ origin: UI })).toBe(401);
  expect(await status({ authorization: 'Bearer opensesame' })).toBe(200);
  // A browser sends none with what it asks beforehand.
  expect((await ask('/decode', { method: 'OPTIONS', body: null, headers: { origin: UI } })).status).toBe(204);
});

it.each([
  ['/decode', { body: '{' }, 400],
  ['/decode', { body: '{"payloads":[{"data":5}]}' }, 400],
  ['/decode', { body: '{}' }, 400],
  ['/decode', { method: 'GET', body: null }, 405],
  ['/', {}, 404],
  ['/constructor', {}, 404],
  ['/encode', { body: 'x'.repeat(17 * 1024 * 1024) }, 413],
])('%s %j is refused with %i', async (path, given, status) => {
  const { ask } = await serving();
  expect((await ask(path, given)).status).toBe(status);
});

it('says which key is missing', async () => {
  const [one, other] = [await serving(), await serving()];
  const encoded = await (await one.ask('/encode')).text();
  const refused = await other.ask('/decode', { body: encoded });
  expect(refused.status).toBe(400);
  expect(await refused.text()).toMatch(/^encrypted under the key "[\w-]+": it is not in /);
});

it('outlives one who hangs up in the middle', async () => {
  const { url, ask } = await serving();
  const half = request(`${url}/encode`, { method: 'POST', headers: { 'content-length': '1000' } });
  half.on('error', () => {});
  half.write(body.slice(0, 10), () => half.destroy());
  await new Promise((closed) => half.once('close', closed));
  expect((await ask('/encode')).status).toBe(200);
});

it('a taken port is one clear error', async () => {
  const { url } = await serving();
  const codec = await Encryption.open(undefined);
  const taken = serveCodec({ codec, port: Number(new URL(url).port), origins: new Set() });
  await expect(taken).rejects.toMatchObject({ name: 'SetupError', message: expect.stringContaining('EADDRINUSE') });
});

it('the UI of this machine has two names', () => {
  expect(originsOf('http://127.0.0.1:8233')).toEqual(['http://127.0.0.1:8233', 'http://localhost:8233']);
});
