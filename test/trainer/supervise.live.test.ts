import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { trainerFile } from '../../src/backends/package.ts';
import { isRunning } from '../support/fake-vllm.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Writes its pid, that of a child in its group and that of one in a session of its own; ignores SIGTERM. */
const STUBBORN = `trap '' TERM; sleep 600 & a=$!; setsid sleep 600 & echo $$ $a $! > "$1"; while :; do sleep 1; done`;

interface Supervise {
  child: ChildProcess;
  say(command: object): void;
  next(): Promise<Record<string, unknown>>;
}

function supervise(folder: string): Supervise {
  const child = spawn('python3', [trainerFile('supervise.py'), join(folder, 'guards')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.stdin.end());
  const lines: Interface = createInterface(child.stdout);
  const iterator = lines[Symbol.asyncIterator]();
  return {
    child,
    say: (command) => child.stdin.write(`${JSON.stringify(command)}\n`),
    next: async () => JSON.parse((await iterator.next()).value),
  };
}

const start = (folder: string, argv: string[]) => ({ start: '1', argv, env: { SAID: 'so' }, log: join(folder, 'log') });

/** Starts one that does not end by itself, and gives the pids of all that it is. */
async function startStubborn(folder: string, { say, next }: Supervise): Promise<number[]> {
  const pids = join(folder, 'pids');
  say(start(folder, ['sh', '-c', STUBBORN, 'sh', pids]));
  expect(await next()).toMatchObject({ event: 'started', process: '1' });
  while (!existsSync(pids) || (await readFile(pids, 'utf8')) === '') await sleep(10);
  return (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
}

const running = async (pids: number[]) => (await Promise.all(pids.map(isRunning))).filter(Boolean).length;

/** A guard is the parent of what it guards. */
const parentOf = async (pid: number) =>
  Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')[1]);

test('a server that ends by itself is reported, with its output in the log', async () => {
  const folder = await temporaryFolder();
  const { say, next } = supervise(folder);
  say(start(folder, ['sh', '-c', 'echo $SAID; echo "and more" >&2; exit 7']));
  expect(await next()).toMatchObject({ event: 'started', process: '1' });
  expect(await next()).toEqual({ event: 'ended', process: '1', how: 'exit code 7' });
  expect(await readFile(join(folder, 'log'), 'utf8')).toBe('so\nand more\n');
});

test('a program that is not there is reported', async () => {
  const folder = await temporaryFolder();
  const { say, next } = supervise(folder);
  say(start(folder, ['/no/such/vllm', 'serve']));
  expect(await next()).toMatchObject({ event: 'failed', message: 'No such file or directory: /no/such/vllm' });
  expect(await next()).toMatchObject({ event: 'ended', process: '1' });
});

test('a server that ignores SIGTERM ends with all that it started', async () => {
  const folder = await temporaryFolder();
  const supervisor = supervise(folder);
  const pids = await startStubborn(folder, supervisor);
  expect(await running(pids)).toBe(3);
  supervisor.say({ end: '1' });
  expect(await supervisor.next()).toEqual({ event: 'ended', process: '1', how: 'signal 9' });
  expect(await running(pids)).toBe(0);
  expect(readdirSync(join(folder, 'guards'))).toEqual([]);
});

test('a server whose first process is killed leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  const supervisor = supervise(folder);
  const pids = await startStubborn(folder, supervisor);
  process.kill(pids[0]!, 'SIGKILL');
  expect(await supervisor.next()).toEqual({ event: 'ended', process: '1', how: 'signal 9' });
  expect(await running(pids)).toBe(0);
});

test('servers end when the worker is gone, and the supervisor after them', async () => {
  const folder = await temporaryFolder();
  const supervisor = supervise(folder);
  const pids = await startStubborn(folder, supervisor);
  supervisor.child.stdin!.end();
  await once(supervisor.child, 'exit');
  expect(await running(pids)).toBe(0);
});

test('servers end when the supervisor is killed', async () => {
  const folder = await temporaryFolder();
  const supervisor = supervise(folder);
  const pids = await startStubborn(folder, supervisor);
  supervisor.child.kill('SIGKILL');
  while ((await running(pids)) > 0) await sleep(20);
});

test('a killed guard is reported, and what is in the group of its server ends', async () => {
  const folder = await temporaryFolder();
  const supervisor = supervise(folder);
  const pids = await startStubborn(folder, supervisor);
  process.kill(await parentOf(pids[0]!), 'SIGKILL');
  expect(await supervisor.next()).toEqual({ event: 'ended', process: '1', how: 'its guard was killed' });
  while ((await running(pids.slice(0, 2))) > 0) await sleep(20);
  process.kill(pids[2]!, 'SIGKILL');
});

test('the next supervisor ends what is left where supervisor and guard were killed, and leaves the servers of others alone', async () => {
  const folder = await temporaryFolder();
  const [supervisor, other] = [supervise(folder), supervise(folder)];
  other.say({ ...start(folder, ['sleep', '600']), start: '2' });
  const { pid } = await other.next();
  const pids = await startStubborn(folder, supervisor);
  const guard = await parentOf(pids[0]!);
  supervisor.child.kill('SIGSTOP');
  process.kill(guard, 'SIGKILL');
  supervisor.child.kill('SIGKILL');
  while (await isRunning(pids[0]!)) await sleep(20);
  expect(await running(pids)).toBe(2);
  const next = supervise(folder);
  while (await isRunning(pids[1]!)) await sleep(20);
  next.child.stdin!.end();
  await once(next.child, 'exit');
  expect(await isRunning(pid as number)).toBe(true);
  process.kill(pids[2]!, 'SIGKILL');
});
