import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { serveHealth } from '../../src/workers/health.ts';
import type { RunningWorkers } from '../../src/workers/worker.ts';

type State = ReturnType<RunningWorkers['status']>[number];

async function serving(states: State[]) {
  const { server, port } = await serveHealth({ status: () => states }, 0);
  onTestFinished(() => void server.close());
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.json() };
  };
}

const bothAs = (state: string): State[] => [
  { role: 'cpu', state: 'RUNNING' },
  { role: 'inference', state },
];

test.each([
  ['INITIALIZED', 200, 503],
  ['RUNNING', 200, 200],
  ['STOPPING', 200, 503],
  ['DRAINING', 200, 503],
  ['DRAINED', 200, 503],
  ['STOPPED', 503, 503],
  ['FAILED', 503, 503],
])('while a worker is %s, /livez answers %i and /readyz %i, with every role', async (state, live, ready) => {
  const ask = await serving(bothAs(state));
  expect(await ask('/livez')).toEqual({ status: live, body: bothAs(state) });
  expect(await ask('/readyz')).toEqual({ status: ready, body: bothAs(state) });
});

test('the answer follows the workers', async () => {
  const states = bothAs('RUNNING');
  const ask = await serving(states);
  expect((await ask('/readyz')).status).toBe(200);
  states[1]!.state = 'FAILED';
  expect((await ask('/readyz')).status).toBe(503);
});

test('any other path says which there are', async () => {
  const ask = await serving(bothAs('RUNNING'));
  for (const path of ['/', '/metrics', '/constructor', '/livez/x'])
    expect(await ask(path)).toEqual({ status: 404, body: { paths: ['/livez', '/readyz'] } });
});

test('only this machine is answered', async () => {
  const { server } = await serveHealth({ status: () => [] }, 0);
  onTestFinished(() => void server.close());
  expect(server.address()).toMatchObject({ address: '127.0.0.1' });
});

test('a port that is taken is an error, and a server that closes leaves nothing open', async () => {
  const { server, port } = await serveHealth({ status: () => [] }, 0);
  await expect(serveHealth({ status: () => [] }, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await new Promise<void>((resolve) =>
    request({ port, path: '/livez', agent: false }, (r) => r.resume().on('end', resolve)).end(),
  );
  await new Promise((resolve) => server.close(resolve));
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
});
