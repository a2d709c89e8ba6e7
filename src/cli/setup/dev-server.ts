import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes.ts';
import { type Lock, tryLock } from './lock.ts';
import { groupEnded, signalGroup, spawnBound } from './process.ts';
import type { Log } from './progress.ts';
import { SetupError } from './setup-error.ts';

export interface DevServerOptions {
  /** Path of the `temporal` program. */
  cli: string;
  /** The server's own output, warnings and worse; rewritten at each start. */
  logFile: string;
  /** SQLite file in which runs outlive the server; in memory by default. */
  dbFile?: string;
  /** 7233 by default, or any where that is taken; a port that is asked for must be free. */
  port?: number | 'any';
  /** 8233 by default, likewise. */
  uiPort?: number | 'any';
  /** Where the UI has payloads decoded. */
  codecEndpoint?: string;
  log: Log;
}

export interface DevServer {
  /** `127.0.0.1:7233` */
  address: string;
  /** `http://127.0.0.1:8233` */
  uiUrl: string;
  pid: number;
  /** Resolves, with the reason, only where the server ends without stop(). */
  died: Promise<SetupError>;
  stop(): Promise<void>;
}

/** Arguments of `temporal server start-dev`, which writes the types as `Keyword`. */
export const SEARCH_ATTRIBUTE_ARGUMENTS: readonly string[] = SEARCH_ATTRIBUTES.flatMap(({ name, type }) => [
  '--search-attribute',
  `${name}=${type[0]}${type.slice(1).toLowerCase()}`,
]);

const HOST = '127.0.0.1';
const START_MS = 60_000;
const LAUNCHES = 3;
const STOP_MS = 10_000;

/**
 * Starts Temporal's development server, with its UI and our search attributes, and waits until it answers. It ends with
 * stop() or with this process, however that ends.
 *
 * @throws SetupError with the server's own reason, where it does not come up.
 */
export async function startDevServer(given: DevServerOptions): Promise<DevServer> {
  const options = {
    ...given,
    logFile: resolve(given.logFile),
    ...(given.dbFile !== undefined && { dbFile: resolve(given.dbFile) }),
  };
  await mkdir(dirname(options.logFile), { recursive: true });
  const lock = options.dbFile === undefined ? undefined : await lockDatabase(options.dbFile);
  try {
    const server = await launchOnFreePorts(options);
    options.log(`Temporal server on ${server.address}, UI on ${server.uiUrl}`);
    const stop = async () => {
      await server.stop();
      await lock?.release();
    };
    return { ...server, stop };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** A port that was free when it was chosen, by us or by the server, may be another program's a moment later. */
async function launchOnFreePorts(options: DevServerOptions): Promise<DevServer> {
  for (let left = LAUNCHES - 1; ; left--) {
    const port = await choosePort(options.port, 7233);
    const uiPort = await choosePort(options.uiPort, 8233);
    try {
      return await launch(options, port, uiPort);
    } catch (error) {
      if (left === 0 || !(error instanceof SetupError && error.message.includes('address already in use'))) throw error;
    }
  }
}

async function launch(options: DevServerOptions, port: number, uiPort: number): Promise<DevServer> {
  const { cli, logFile, dbFile, codecEndpoint } = options;
  const output = await open(logFile, 'w');
  const child = spawnBound(
    cli,
    [
      ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--ui-port', String(uiPort)],
      ...['--log-level', 'warn'],
      ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
      ...(codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
      ...SEARCH_ATTRIBUTE_ARGUMENTS,
    ],
    { stdio: ['ignore', output.fd, output.fd] },
  );
  let spawnError: Error | undefined;
  child.once('error', (error) => {
    spawnError = error;
  });
  if (dbFile !== undefined && child.pid !== undefined) await writeFile(pidFile(dbFile), String(child.pid));
  await output.close();

  const address = `${HOST}:${port}`;
  const uiUrl = `http://${HOST}:${uiPort}`;
  let stopping = false;
  const died = new Promise<SetupError>((tell) => {
    child.once('exit', async (code, signal) => {
      if (!stopping) tell(new SetupError(`the Temporal server ended (${signal ?? code}): ${await lastError(logFile)}`));
    });
  });
  const stop = async () => {
    stopping = true;
    await end(child);
  };
  const until = Date.now() + START_MS;
  while (!(await isReady(address, uiUrl))) {
    const ended = spawnError !== undefined || child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > until) {
      await stop();
      const what = ended ? 'ended before it was ready' : `did not answer within ${START_MS / 1000} s`;
      throw new SetupError(`the Temporal server ${what}: ${spawnError?.message ?? (await lastError(logFile))}`);
    }
    await sleep(100);
  }
  return { address, uiUrl, pid: child.pid!, died, stop };
}

/**
 * Two servers on one SQLite file either find it locked, or both start, and each then misses what the other writes. The
 * lock says that no other command uses it; the server of one that was killed may still be on its way out.
 */
async function lockDatabase(dbFile: string): Promise<Lock> {
  await mkdir(dirname(dbFile), { recursive: true });
  const lock = await tryLock(`${dbFile}.lock`);
  if (!('release' in lock))
    throw new SetupError(`${dbFile} is in use by the Temporal server of process ${lock.pid} on ${lock.host}`);
  const previous = await readFile(pidFile(dbFile), 'utf8').catch(() => '');
  if (/^\d+$/.test(previous)) await groupEnded(Number(previous), STOP_MS);
  return lock;
}

const pidFile = (dbFile: string) => `${dbFile}.pid`;

/** @param usual is not insisted on */
export async function choosePort(asked: number | 'any' | undefined, usual: number): Promise<number> {
  const free = await freePort(asked === 'any' ? 0 : (asked ?? usual));
  if (free !== null) return free;
  if (asked !== undefined) throw new SetupError(`port ${asked} is in use by another process`);
  return (await freePort(0))!;
}

const freePort = (port: number) =>
  new Promise<number | null>((done) => {
    const server = createServer();
    server.once('error', () => done(null));
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? (address?.port ?? null) : null));
    });
  });

/** Answers for the namespace with every search attribute, and serves the UI. */
async function isReady(address: string, uiUrl: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1000 });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    if (!SEARCH_ATTRIBUTES.every(({ name }) => name in customAttributes)) return false;
    return (await fetch(uiUrl, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

async function lastError(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  const line = lines.findLast((l) => /level=(ERROR|FATAL)|^Error/i.test(l));
  return line === undefined ? `see ${logFile}` : `${line.match(/msg="((?:[^"\\]|\\.)*)"/)?.[1] ?? line} (${logFile})`;
}
