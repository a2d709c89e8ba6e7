import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../../src/cli/setup/dev-server.ts';
import { ensurePython } from '../../src/cli/setup/python.ts';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
    temporalCli: string;
    python: string;
  }
}

/** Once, before the first live test. The first time on a machine it takes minutes, so it says what it does. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  const cli = await ensureTemporalCli({ log });
  const python = await ensurePython({ log });
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  const server = await startDevServer({ cli, logFile: join(folder, 'temporal.log'), log, port: 'any', uiPort: 'any' });

  project.provide('temporalAddress', server.address);
  project.provide('temporalCli', cli);
  project.provide('python', python);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
