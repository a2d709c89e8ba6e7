import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startDevServer } from '../../src/cli/setup/dev-server.ts';
import { connectClient, temporalCli } from '../support/temporal.ts';

async function options() {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-server-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { cli: temporalCli, logFile: join(folder, 'log'), port: 'any', uiPort: 'any', log: () => {} } as const;
}

it('has our search attributes and answers', async () => {
  const client = await connectClient();
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining([
      'CritiqueLoopModel',
      'CritiqueLoopDataset',
      'CritiqueLoopIteration',
      'CritiqueLoopAccuracy',
    ]),
  );
});

it('refuses a second server on the same database, and starts again after the first has stopped', async () => {
  const base = await options();
  const dbFile = `${base.logFile}.db`;
  const first = await startDevServer({ ...base, dbFile });
  await expect(startDevServer({ ...base, dbFile })).rejects.toThrow(
    `is in use by the Temporal server of process ${process.pid}`,
  );
  await first.stop();
  const second = await startDevServer({ ...base, dbFile });
  expect((await fetch(second.uiUrl)).status).toBe(200);
  await second.stop();
  await expect(fetch(second.uiUrl)).rejects.toThrow();
});

it('waits for the server of one that was killed by -9 to be gone, so that it never finds the database locked', async () => {
  const base = await options();
  const built = join(import.meta.dirname, '../../dist/cli/setup/dev-server.js');
  const script = `
    import { startDevServer } from ${JSON.stringify(built)};
    const { pid } = await startDevServer({ ...${JSON.stringify(base)}, dbFile: ${JSON.stringify(`${base.logFile}.db`)}, log() {} });
    console.log(pid);
  `;
  const killed = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const next = await startDevServer({ ...base, dbFile: `${base.logFile}.db` });
  expect(() => process.kill(-Number(pid), 0)).toThrow('ESRCH');
  expect((await fetch(next.uiUrl)).status).toBe(200);
  await next.stop();
});

it('starts again on other ports where another program was quicker to take one', async () => {
  const base = await options();
  const cli = join(dirname(base.logFile), 'temporal');
  const failed = `${cli}.failed`;
  const reason =
    'failed listening for HTTP API on 127.0.0.1:38273: listen tcp 127.0.0.1:38273: bind: address already in use';
  await writeFile(
    cli,
    `#!/bin/sh
    if ! [ -e ${failed} ]; then touch ${failed}; echo 'level=ERROR msg="${reason}"'; exit 1; fi
    exec ${temporalCli} "$@"`,
    { mode: 0o755 },
  );
  const server = await startDevServer({ ...base, cli });
  expect((await fetch(server.uiUrl)).status).toBe(200);
  await server.stop();
  await access(failed);

  await writeFile(cli, `#!/bin/sh\necho 'level=ERROR msg="${reason}"'; echo >> ${failed}; exit 1`);
  await expect(startDevServer({ ...base, cli })).rejects.toThrow(`ended before it was ready: ${reason}`);
  expect(await readFile(failed, 'utf8')).toBe('\n\n\n');
});

it('says so when it dies', async () => {
  const server = await startDevServer(await options());
  process.kill(server.pid, 'SIGKILL');
  expect((await server.died).message).toContain('the Temporal server ended (SIGKILL)');
  await server.stop();
});

it('names a port that is taken, and a program that is none', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => blocker.once('listening', done));
  const { port } = blocker.address() as { port: number };
  await expect(startDevServer({ ...(await options()), port })).rejects.toThrow(`port ${port} is in use`);
  blocker.close();
  await expect(startDevServer({ ...(await options()), cli: '/usr/bin/false' })).rejects.toThrow(
    'ended before it was ready',
  );
});
