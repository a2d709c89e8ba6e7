import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { HttpApi } from '../../../src/backends/training/clusters/http.ts';
import { groupEnded, signalGroup, spawnBound } from '../../../src/cli/setup/process.ts';
import { ensurePython } from '../../../src/cli/setup/python.ts';
import { freePort } from '../own-server.ts';
import type { TestCluster } from './test-cluster.ts';

/** A Ray of one machine with two CPUs to give. */
export async function startRay(): Promise<TestCluster & { address: string }> {
  const python = await ensurePython({
    requirements: join(import.meta.dirname, 'ray-requirements.txt'),
    variable: 'CRITIQUE_LOOP_RAY_PYTHON',
    cost: 'with Ray (about 1 minute and 300 MB, once)',
    log: (line) => process.stderr.write(`${line}\n`),
  });
  // Ray's sockets are below it, and a socket's path may have 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'ray-'));
  const [port, dashboard] = [await freePort(), await freePort()];
  const head = spawnBound(
    join(dirname(python), 'ray'),
    [
      ...['start', '--head', '--block', '--num-cpus', '2', '--node-ip-address', '127.0.0.1', '--port', String(port)],
      ...['--dashboard-host', '127.0.0.1', '--dashboard-port', String(dashboard), '--temp-dir', folder],
      '--disable-usage-stats',
    ],
    { stdio: 'ignore' },
  );
  // It takes jobs some seconds after it answers.
  const api = new HttpApi(`http://127.0.0.1:${dashboard}`);
  const takesJobs = () => api.ask('POST', '/api/jobs/', { entrypoint: 'true' }).then(({ status }) => status === 200);
  while (!(await takesJobs().catch(() => false))) {
    if (hasEnded(head)) throw new Error('Ray ended');
    await sleep(200);
  }
  const way = await openWay(dashboard);
  return {
    address: way.address,
    outage: way.close,
    recovery: way.open,
    stop: async () => {
      await way.close();
      signalGroup(head, 'SIGTERM');
      await groupEnded(head.pid!, 60_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A way to a port of this machine that can be closed and opened again. */
async function openWay(port: number): Promise<{ address: string; open(): Promise<void>; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((here) => {
    const there = connect(port, '127.0.0.1');
    for (const socket of [here, there]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    here.pipe(there).pipe(here);
  });
  const own = await freePort();
  const open = async () => {
    await once(server.listen(own, '127.0.0.1'), 'listening');
  };
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  return { address: `http://127.0.0.1:${own}`, open, close };
}
