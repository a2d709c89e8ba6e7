import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { spawnBound } from '../../src/cli/setup/process.ts';
import { processTree } from './process-tree.ts';

test('a process, what it started and what that started', async () => {
  const script = `sh -c 'sh -c "echo ready; read -r _" other; true' one; true`;
  const child = spawnBound('/bin/sh', ['-c', script, 'first'], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.stdin!.end());
  await once(createInterface({ input: child.stdout! }), 'line');
  const commands = (await processTree(child.pid!)).map(({ command }) => command.split(' ').at(-1));
  expect(commands).toEqual(['first', 'one', 'other']);

  const exited = once(child, 'exit');
  child.stdin!.end('\n');
  await exited;
  expect(await processTree(child.pid!)).toEqual([]);
});
