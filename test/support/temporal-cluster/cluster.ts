import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, spawnBound } from '../../../src/cli/setup/process.ts';
import { ensureGoProgram } from '../go-program.ts';
import { freePort } from '../own-server.ts';
import { startBalancer } from './balancer.ts';
import { type Postgres, startPostgres } from './postgres.ts';

const DEPLOY = join(import.meta.dirname, '../../../deploy/temporal');
/** Addresses of this machine that nothing else uses, so that every host has the usual ports. */
const ADDRESSES = ['127.0.64.1', '127.0.64.2'];

export interface Host {
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** Two hosts with all services each, on one PostgreSQL, as deploy/temporal sets them up. */
export interface Cluster {
  /** Of what hands connections to the hosts: `localhost:PORT`. */
  address: string;
  hosts: Host[];
  postgres: Postgres;
  remove(): Promise<void>;
}

/** @param tls folder of ca.pem, server.pem and server.key */
export async function startCluster(tls?: string): Promise<Cluster> {
  const server = await build('temporal-server', 'the Temporal server', 'server');
  const tool = await build('temporal-sql-tool', "Temporal's tool for schemas", 'tools/sql');
  const postgres = await startPostgres();
  // The second time it finds all that it makes.
  for (let i = 0; i < 2; i++) {
    const { code, lines } = await run(join(DEPLOY, 'schema.sh'), [], {
      env: { PATH: process.env.PATH, TEMPORAL_SQL_TOOL: tool, ...postgres.env },
    });
    if (code !== 0) throw new Error(`schema.sh ended with ${code}: ${lines.slice(-3).join(' / ')}`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-temporal-'));
  const hosts = ADDRESSES.map((address) =>
    createHost(server, join(folder, `${address}.log`), {
      ...postgres.env,
      HOST_ADDRESS: address,
      HISTORY_SHARDS: '8',
      LOG_LEVEL: 'warn',
      ...(tls !== undefined && { TLS_FOLDER: tls }),
    }),
  );
  // The first writes the cluster's metadata; of two that do it at once one ends.
  for (const host of hosts) await host.start();
  const port = await freePort();
  const balancer = await startBalancer(ADDRESSES, port);
  return {
    address: `localhost:${port}`,
    hosts,
    postgres,
    remove: async () => {
      balancer.close();
      await Promise.all(hosts.map((host) => host.kill()));
      await postgres.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function build(name: string, what: string, path: string): Promise<string> {
  const source = { name, what, folder: DEPLOY, package: `go.temporal.io/server/cmd/${path}`, minutes: 3 };
  const program = await ensureGoProgram(source);
  if (!program) throw new Error(`${what} is built with Go: install it (https://go.dev/dl)`);
  return program;
}

function createHost(server: string, logFile: string, env: Record<string, string>): Host {
  let child: ChildProcess | undefined;
  const isAlive = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    start: async () => {
      const output = await open(logFile, 'w');
      const args = ['--root', DEPLOY, '--config', 'config', '--env', 'cluster', '--allow-no-auth', 'start'];
      child = spawnBound(server, args, { env, stdio: ['ignore', output.fd, output.fd] });
      await output.close();
      while (!(await accepts(env.HOST_ADDRESS!))) {
        if (!isAlive()) throw new Error(`the server ended: ${await readFile(logFile, 'utf8')}`);
        await sleep(200);
      }
    },
    kill: async () => {
      if (!child || !isAlive()) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const accepts = (address: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(7233, address, () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
