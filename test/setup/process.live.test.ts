import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';

/** The built module: what it promises concerns a process of its own, which runs no TypeScript. */
const built = join(import.meta.dirname, '../../dist/cli/setup/process.js');

it('takes what it started with it, even after kill -9', async () => {
  const script = `
    import { spawnBound } from ${JSON.stringify(built)};
    const child = spawnBound('/bin/sh', ['-c', 'sleep 300 & wait'], { stdio: 'ignore' });
    console.log(child.pid);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const group = Number(String(line));
  expect(isGroupAlive(group)).toBe(true);

  parent.kill('SIGKILL');
  for (let tries = 0; tries < 50 && isGroupAlive(group); tries++) await sleep(100);
  expect(isGroupAlive(group)).toBe(false);
});

function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
