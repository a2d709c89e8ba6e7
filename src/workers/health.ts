import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningWorkers } from './worker.ts';

/**
 * /livez answers 200 while every worker runs or drains, /readyz only while all run; else 503. On loopback.
 * @returns the server and the port it got
 */
export async function serveHealth(
  workers: Pick<RunningWorkers, 'status'>,
  port: number,
): Promise<{ server: Server; port: number }> {
  const alive = new Set(['INITIALIZED', 'RUNNING', 'STOPPING', 'DRAINING', 'DRAINED']);
  const server = createServer((request, response) => {
    const status = workers.status();
    const checks: Record<string, boolean> = {
      '/livez': status.every(({ state }) => alive.has(state)),
      '/readyz': status.every(({ state }) => state === 'RUNNING'),
    };
    const ok = checks[request.url ?? ''];
    response.writeHead(ok === undefined ? 404 : ok ? 200 : 503, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(ok === undefined ? { paths: Object.keys(checks) } : status)}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
