import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_ARGUMENTS } from '../../src/cli/setup/dev-server.ts';
import { spawnBound } from '../../src/cli/setup/process.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts';

export interface OwnServer {
  address: string;
  stop(): Promise<void>;
}

/**
 * A Temporal server with settings of its own, for instance `limit.historyCount.suggestContinueAsNew`.
 *
 * @param options.flags of its command
 * @param options.host where it is asked; besides, it asks itself on loopback
 */
export async function startOwnServer(
  cli: string,
  settings: Record<string, unknown>,
  { flags = [], host = '127.0.0.1' }: { flags?: readonly string[]; host?: string } = {},
): Promise<OwnServer> {
  const port = await freePort();
  const address = `${host}:${port}`;
  const ip = host === '127.0.0.1' ? host : '0.0.0.0';
  const child = spawnBound(
    cli,
    [
      ...['server', 'start-dev', '--headless', '--ip', ip, '--port', String(port), '--log-level', 'error'],
      ...flags,
      ...SEARCH_ATTRIBUTE_ARGUMENTS,
      ...Object.entries(settings).flatMap(([key, value]) => [
        '--dynamic-config-value',
        `${key}=${JSON.stringify(value)}`,
      ]),
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  while (!(await isReady(address))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await sleep(100);
  }
  return {
    address,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isReady(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 }).catch(() => null);
  try {
    const found = await connection?.operatorService.listSearchAttributes({ namespace: 'default' });
    return SEARCH_ATTRIBUTES.every(({ name }) => name in (found?.customAttributes ?? {}));
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
