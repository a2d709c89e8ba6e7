import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, spawnBound } from '../../../src/cli/setup/process.ts';
import { freePort } from '../own-server.ts';

/** A real PostgreSQL with an empty cluster of databases. */
export interface Postgres {
  /** What Temporal's tool and servers need in their environment to find it. */
  env: Record<string, string>;
  start(): Promise<void>;
  /** As a crash does it: no checkpoint, connections cut. */
  crash(): Promise<void>;
  /** Copies the databases as they are at its end, while they are used. */
  backup(): Promise<void>;
  /** Puts the copy in the place of the databases, while PostgreSQL is down. */
  restore(): Promise<void>;
  remove(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';

/** Gives it running. It refuses to run as root, so then it runs as its package's user. */
export async function startPostgres(): Promise<Postgres> {
  const programs = await findPrograms();
  const user = userInfo().uid === 0 ? await idOf('postgres') : null;
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-postgres-'));
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = String(await freePort());
  const tool = async (name: string, ...args: string[]) => {
    const child = spawnBound(join(programs, name), [...args, '-U', 'temporal', '--no-sync'], {
      stdio: 'ignore',
      ...user,
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
  };
  await tool('initdb', '-D', data, '--auth=trust');

  let child: ChildProcess;
  const postgres: Postgres = {
    env: { SQL_HOST: '127.0.0.1', SQL_PORT: port, SQL_USER: 'temporal', SQL_PASSWORD: 'not-asked-for' },
    start: async () => {
      const args = ['-D', data, '-p', port, '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
      child = spawnBound(join(programs, 'postgres'), args, { stdio: 'ignore', ...user });
      while ((await run(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', port])).code !== 0) {
        if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
        await sleep(100);
      }
    },
    crash: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGQUIT');
      await exited;
    },
    backup: () => tool('pg_basebackup', '-h', '127.0.0.1', '-p', port, '-D', `${data}.backup`, '--checkpoint=fast'),
    restore: async () => {
      await rm(data, { recursive: true });
      await rename(`${data}.backup`, data);
    },
    remove: async () => {
      if (child.exitCode === null) await postgres.crash();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await postgres.start();
  return postgres;
}

async function findPrograms(): Promise<string> {
  const versions = (await readdir(DEBIAN).catch(() => [])).map(Number).sort((a, b) => b - a);
  if (versions[0] === undefined) throw new Error('no PostgreSQL server is here: apt-get install postgresql');
  return join(DEBIAN, String(versions[0]), 'bin');
}

async function idOf(name: string): Promise<{ uid: number; gid: number }> {
  const id = async (option: string) => Number((await run('id', [option, name])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
