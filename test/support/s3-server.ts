import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../../src/cli/setup/cache.ts';
import { withLock } from '../../src/cli/setup/lock.ts';
import { findOnPath, run, spawnBound } from '../../src/cli/setup/process.ts';
import { freePort } from './own-server.ts';

/** A real S3 server of this machine: Versity's gateway over a folder. */
export interface S3Server {
  /** What a process needs in its environment to find it. */
  env: Record<string, string>;
  /** Of the bucket `bucket` in it. */
  bucketFolder: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes what it has. */
  remove(): Promise<void>;
}

const GO_FOLDER = join(import.meta.dirname, 's3-server');
/** Its credentials. */
export const S3_KEYS = { access: 'test-access', secret: 'test-secret' };

/** Gives it running, with an empty bucket; null where there is no Go to build it with. */
export async function startS3Server(): Promise<S3Server | null> {
  const program = await ensureServer();
  if (!program) return null;
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-s3-'));
  const bucketFolder = join(folder, 'data', 'bucket');
  await mkdir(bucketFolder, { recursive: true });
  await mkdir(join(folder, 'sidecar'));
  const port = String(await freePort());
  const endpoint = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const server: S3Server = {
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: S3_KEYS.access,
      AWS_SECRET_ACCESS_KEY: S3_KEYS.secret,
      AWS_REGION: 'us-east-1',
    },
    bucketFolder,
    start: async () => {
      const options = [
        '--port',
        `127.0.0.1:${port}`,
        '--access',
        S3_KEYS.access,
        '--secret',
        S3_KEYS.secret,
        '--quiet',
      ];
      const backend = ['posix', '--sidecar', join(folder, 'sidecar'), join(folder, 'data')];
      child = spawnBound(program, [...options, ...backend], { stdio: 'ignore' });
      while (!(await fetch(endpoint).catch(() => null))) {
        if (child.exitCode !== null) throw new Error(`the S3 server ended with ${child.exitCode}`);
        await sleep(50);
      }
    },
    stop: async () => {
      if (!child || child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      child = null;
    },
    remove: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Built once on a machine, in about 3 minutes on 2 cores. */
async function ensureServer(): Promise<string | null> {
  const cache = cacheFolder(process.env, 's3-server');
  const built = join(cache, `built-${await modulesHash()}`);
  const isBuilt = () =>
    access(built).then(
      () => true,
      () => false,
    );
  if (await isBuilt()) return built;
  const [go] = await findOnPath('go', process.env);
  if (!go) return null;
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  await mkdir(cache, { recursive: true });
  return await withLock(
    join(cache, 'lock'),
    ({ pid }) => log(`waiting for process ${pid}, which is building the S3 server`),
    async () => {
      if (await isBuilt()) return built;
      log('building the S3 server from Go modules (about 3 minutes on 2 cores, once)');
      const draft = `${built}.tmp`;
      const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', draft, 'github.com/versity/versitygw/cmd/versitygw'];
      const { code, lines } = await run(go, args, { cwd: GO_FOLDER, env: { ...process.env, CGO_ENABLED: '0' } });
      if (code !== 0) throw new Error(`the S3 server can't be built: ${lines.slice(-3).join(' / ')}`);
      await rename(draft, built);
      return built;
    },
  );
}

async function modulesHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(await readFile(join(GO_FOLDER, name)));
  return hash.digest('hex').slice(0, 12);
}
