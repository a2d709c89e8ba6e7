import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { run } from '../../src/cli/setup/process.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ensureComposeLoader, go, PASSWORDS, readCompose } from './tools.ts';

const folder = join(packageRoot, 'deploy');
const text = await readFile(join(folder, 'compose.yaml'), 'utf8');
const gpu = await readFile(join(folder, 'compose.gpu.yaml'), 'utf8');
const example = await readFile(join(folder, '.env.example'), 'utf8');

let loader: string;

describe.skipIf(!go)('what Compose reads', () => {
  beforeAll(async () => {
    loader = await ensureComposeLoader();
  });

  test('is whole: workers that write only where they must, and ports of this machine alone', async () => {
    const services = await readCompose(['compose.yaml']);
    for (const name of ['workflows', 'inference', 'train'])
      expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    const ports = Object.values(services).flatMap(({ ports }) => ports ?? []);
    expect(ports).toHaveLength(4);
    for (const port of ports) expect(port.host_ip).toBe('127.0.0.1');
  });

  test('with GPUs one container has all of them', async () => {
    const { inference } = await readCompose(['compose.yaml', 'compose.gpu.yaml']);
    expect(inference!.command).toEqual(['worker', '--role', 'inference,train']);
    expect(inference!.deploy!.resources!.reservations!.devices).toHaveLength(1);
    expect(inference).toMatchObject({ read_only: true });
  });

  test.skipIf(!existsSync(join(folder, 'observability')))('has the files that it mounts', async () => {
    const volumes = Object.values(await readCompose(['compose.yaml'])).flatMap(({ volumes }) => volumes ?? []);
    for (const { source } of volumes.filter(({ type }) => type === 'bind'))
      expect(existsSync(source), source).toBe(true);
  });

  test.each([
    ['no password', text, {}, 'set it in deploy/.env'],
    ['an unknown property', text.replace('read_only: true', 'readonly: true'), PASSWORDS, 'readonly'],
    [
      'a volume that there is not',
      text.replace('"cache-train:/cache"', '"cache-trian:/cache"'),
      PASSWORDS,
      'cache-trian',
    ],
    ['a service that there is not', text.replace('setup: { condition', 'set-up: { condition'), PASSWORDS, 'set-up'],
  ])('%s is refused', async (_, planted, env, reason) => {
    const file = join(await temporaryFolder(), 'compose.yaml');
    await writeFile(file, planted);
    const { code, lines } = await run(loader, [file], { cwd: folder, env });
    expect(code).not.toBe(0);
    expect(lines.join('\n')).toContain(reason);
  });
});

test('.env.example names every variable, and holds no secret', () => {
  const read = new Set([...`${text}${gpu}`.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!));
  const named = new Map([...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
  expect([...named.keys()].sort()).toEqual([...read].sort());
  for (const [name, value] of named) if (/PASSWORD|TOKEN|KEY/.test(name)) expect(value, name).toBe('');
});
