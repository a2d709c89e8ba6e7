import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pushFolder } from '../../../src/backends/datasets/hub-push.ts';
import { startWritableHub, TOKEN } from './writable-hub.ts';

const REQUEST = { name: 'my-org/critiques', private: true, tokenEnv: 'TEST_HUB_TOKEN' };

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-push-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const LARGE = `${JSON.stringify({ text: 'x'.repeat(5000) })}\n`;

it.each([false, true])('makes the dataset where there is none and commits every file (exists: %s)', async (exists) => {
  const hub = await startWritableHub({ exists });
  const folder = await folderOf({ 'README.md': '# Critiques\n', 'messages.jsonl': LARGE });
  const env = { HF_ENDPOINT: hub.url, TEST_HUB_TOKEN: `${TOKEN}\n` };
  expect(await pushFolder(REQUEST, { folder, env })).toEqual({
    url: `${hub.url}/datasets/my-org/critiques`,
    commit: 'c0ffee',
  });
  const created = JSON.parse(hub.asked[0]!.body.toString());
  expect(created).toMatchObject({ name: 'critiques', organization: 'my-org', type: 'dataset', visibility: 'private' });
  const commit = hub.asked.find(({ path }) => path.includes('/commit/main'))!.body.toString();
  expect(commit).toContain(Buffer.from('# Critiques\n').toString('base64'));
  expect(commit).toContain(createHash('sha256').update(LARGE).digest('hex'));
  const stored = hub.asked.filter(({ path }) => path.startsWith('/storage/'));
  expect(stored.map(({ body }) => body.toString())).toEqual([LARGE]);
  expect(stored.map(({ token }) => token)).toEqual([undefined]);
});

it.each([
  [403, 'InvalidInput', 'refuses the push'],
  [503, 'HubUnavailable', 'does not take the push'],
] as const)('tells of an answer %s without the token', async (refuse, type, words) => {
  const hub = await startWritableHub({ refuse });
  const folder = await folderOf({ 'README.md': '# Critiques\n' });
  const env = { HF_ENDPOINT: hub.url, TEST_HUB_TOKEN: TOKEN };
  const failure = await pushFolder(REQUEST, { folder, env }).catch((error) => error);
  expect(failure).toMatchObject({ type });
  expect(failure.message).toContain(`${hub.url}/datasets/my-org/critiques ${words}: `);
  expect(failure.message).not.toContain(TOKEN);
});

it('names the variable that is not set, and a hub that is not there', async () => {
  const folder = await folderOf({ 'README.md': '# Critiques\n' });
  const unset = await pushFolder(REQUEST, { folder, env: {} }).catch((error) => error);
  expect(unset.message).toContain('TEST_HUB_TOKEN, which is not set');
  const env = { HF_ENDPOINT: 'http://127.0.0.1:9', TEST_HUB_TOKEN: TOKEN };
  const gone = await pushFolder(REQUEST, { folder, env }).catch((error) => error);
  expect(gone).toMatchObject({ type: 'HubUnavailable' });
});
