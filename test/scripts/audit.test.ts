import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

// npm is slow to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, '../..');

interface Advisory {
  name: string;
  severity: 'moderate' | 'high';
  id?: string;
}

/** A registry that knows these advisories, or answers the question for them with a status. */
async function startRegistry(knows: Advisory[] | number): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== 'POST') return response.writeHead(404).end('{}');
    if (typeof knows === 'number') return response.writeHead(knows).end();
    const known = knows.map(({ name, severity, id = 'GHSA-aaaa-bbbb-cccc' }, index) => {
      const url = `https://github.com/advisories/${id}`;
      return [name, [{ id: index + 1, url, title: 'a flaw', severity, vulnerable_versions: '<999' }]];
    });
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(Object.fromEntries(known)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const PACKAGE = {
  name: 'audited',
  version: '1.0.0',
  dependencies: { undici: '1.0.0' },
  devDependencies: { vitest: '1.0.0' },
};

async function audit(registry: string, allowed: object[] = []) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, '.ci'));
  const packages = {
    '': PACKAGE,
    'node_modules/undici': { version: '1.0.0' },
    'node_modules/vitest': { version: '1.0.0', dev: true },
  };
  const lock = { name: 'audited', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
  const files = { 'package.json': PACKAGE, 'package-lock.json': lock, '.ci/audit-allowed.json': allowed };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  const child = spawn(process.execPath, [join(root, 'scripts/audit.mjs')], {
    cwd: folder,
    env: {
      ...process.env,
      npm_config_registry: registry,
      npm_config_cache: join(folder, 'cache'),
      npm_config_fetch_retries: '0',
      npm_config_noproxy: '127.0.0.1',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const entry = (until: string) => ({ advisory: 'GHSA-aaaa-bbbb-cccc', reason: 'we never call it', until });

it('fails with a severe advisory, and names it', async () => {
  const { code, output } = await audit(await startRegistry([{ name: 'undici', severity: 'high' }]));
  expect(output).toContain('high: undici <999: a flaw (https://github.com/advisories/GHSA-aaaa-bbbb-cccc)');
  expect(code).toBe(1);
});

it('passes with one that is allowed, until its day', async () => {
  const registry = await startRegistry([{ name: 'undici', severity: 'high' }]);
  const allowed = await audit(registry, [entry('2999-12-31')]);
  expect(allowed.output).toContain('GHSA-aaaa-bbbb-cccc (undici) is allowed until 2999-12-31: we never call it');
  expect(allowed.code).toBe(0);
  const expired = await audit(registry, [entry('2020-01-01')]);
  expect(expired.output).toContain('It was allowed until 2020-01-01');
  expect(expired.code).toBe(1);
});

it('passes with none, with what is not severe, and with what only developers get', async () => {
  const { code, output } = await audit(
    await startRegistry([
      { name: 'undici', severity: 'moderate' },
      { name: 'vitest', severity: 'high', id: 'GHSA-dddd-eeee-ffff' },
    ]),
    [entry('2999-12-31')],
  );
  expect(output).toContain('0 severe advisories, 0 of them not allowed');
  expect(output).toContain('GHSA-aaaa-bbbb-cccc is allowed and not there any more');
  expect(code).toBe(0);
});

it('says that it was not done where the registry has no advisories, and goes on', async () => {
  const { code, output } = await audit(await startRegistry(405));
  expect(output).toContain('audit: not done, the registry gives no advisories');
  expect(code).toBe(0);
});

it('says so where nothing answers, and goes on', async () => {
  const { code, output } = await audit('http://127.0.0.1:9/');
  expect(output).toContain('audit: not done, the registry gives no advisories');
  expect(code).toBe(0);
});

it('refuses a list without reasons', async () => {
  const { code, output } = await audit(await startRegistry([]), [{ advisory: 'GHSA-aaaa-bbbb-cccc' }]);
  expect(output).toContain('expected {"advisory":"GHSA-...","reason":"...","until":"YYYY-MM-DD"}');
  expect(code).toBe(1);
});

it('has a list that holds', () => {
  const entries = JSON.parse(readFileSync(join(root, '.ci/audit-allowed.json'), 'utf8')) as { until: string }[];
  const today = new Date().toISOString().slice(0, 10);
  expect(entries.filter(({ until }) => until < today)).toEqual([]);
});
