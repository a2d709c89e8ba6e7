import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { run } from '../../src/cli/setup/process.ts';

// In a container of 512 MB, V8 never gives the young generation what is asked for, and a command looped for ever.
test('a command starts where V8 keeps the heap small', async () => {
  const command = ['--max-semi-space-size=1', join(packageRoot, 'dist/cli/main.js'), '--version'];
  const { code, stdout } = await run(process.execPath, command, { signal: AbortSignal.timeout(15_000) });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});
