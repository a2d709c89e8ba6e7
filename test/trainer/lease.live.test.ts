import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { python } from '../support/temporal.ts';

const script = join(import.meta.dirname, '../../deploy/trainer/lease.py');

interface Holder {
  child: ChildProcess;
  tell(line: string): void;
}

/** Processes that hold GPUs, and the lines that they write as they do. */
async function machine() {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal');
  const lines = () => (existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : []);
  const lock = (gpu: number) => join(folder, 'gpus', `${gpu}.lock`);
  const started = (child: ChildProcess) => {
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const reached = async (condition: () => boolean) => {
    while (!condition()) await sleep(10);
  };
  return {
    lock,
    lines,
    reached,
    holder(name: string, ...gpus: number[]): Holder {
      const child = started(
        spawn(python, [join(import.meta.dirname, 'lease-holder.py'), name, journal, ...gpus.map(lock)], {
          stdio: ['pipe', 'inherit', 'inherit'],
        }),
      );
      return { child, tell: (line) => void child.stdin!.write(`${line}\n`) };
    },
    run(gpus: number[], ...command: string[]): { child: ChildProcess; stderr: () => string } {
      const child = started(spawn(python, [script, 'run', ...gpus.map(lock), '--', ...command]));
      let stderr = '';
      child.stderr!.on('data', (chunk) => {
        stderr += chunk;
      });
      return { child, stderr: () => stderr };
    },
    written: async (line: string, times = 1) =>
      await reached(() => lines().filter((other) => other === line).length >= times),
    kill: async ({ child }: { child: ChildProcess }) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('one has the GPU at a time, and a killed one has it no more', async () => {
  const { holder, written, lines, kill } = await machine();
  const [a, b, c] = [holder('a', 0), holder('b', 0), holder('c', 0)];
  a.tell('acquire');
  await written('a has them');
  b.tell('acquire');
  await written('b asks');
  a.tell('release');
  await written('b has them');
  expect(lines()).toEqual(['a asks', 'a has them', 'b asks', 'a lets go', 'b has them']);

  c.tell('acquire');
  await written('c asks');
  await kill(b);
  await written('c has them');
});

test('one that let go of the lock as it ended is waited for until it is gone', async () => {
  const { holder, lock, written, lines, kill } = await machine();
  const [a, b] = [holder('a', 0), holder('b', 0)];
  a.tell('acquire');
  await written('a has them');
  a.tell('release');
  await written('a lets go');
  // As the file is when its holder ends and not when it releases.
  const ending = spawn('sleep', ['600']);
  writeFileSync(lock(0), JSON.stringify({ pid: ending.pid, what: 'a fine-tune' }));
  b.tell('acquire');
  await written('b asks');
  await sleep(300);
  expect(lines()).not.toContain('b has them');
  await kill({ child: ending });
  await written('b has them');
});

test('one that is killed while it waits is waited for by nobody', async () => {
  const { holder, written, kill } = await machine();
  const [a, b, c] = [holder('a', 0), holder('b', 0), holder('c', 0)];
  a.tell('acquire');
  await written('a has them');
  b.tell('acquire');
  a.tell('watch');
  await written('a is wanted');
  await kill(b);
  a.tell('release');
  c.tell('acquire');
  await written('c has them');
});

test('two with endless work give way to each other', async () => {
  const { holder, written, lines } = await machine();
  const [a, b] = [holder('a', 0), holder('b', 0)];
  a.tell('serve 5');
  await written('a has them');
  b.tell('serve 4');
  await written('b gives way', 4);
  const last = holder('c', 0);
  last.tell('acquire');
  await written('a is done');
  await written('c has them');
  const turns = lines().filter((line) => !/asks|done/.test(line));
  const turn = (name: string) => [`${name} has them`, `${name} gives way`];
  expect(turns.slice(0, 16)).toEqual(Array.from({ length: 4 }, () => [...turn('a'), ...turn('b')]).flat());
});

test('several GPUs are taken in one order, and all of them are let go where one is not to be had', async () => {
  const { holder, written, lines } = await machine();
  const [both, other, reversed] = [holder('both', 0, 1), holder('other', 1), holder('reversed', 1, 0)];
  other.tell('acquire');
  await written('other has them');
  both.tell('give-up');
  await written('both gave up');
  expect(lines()).toContain(`both sees process ${other.child.pid} (test other)`);
  const first = holder('first', 0);
  first.tell('acquire');
  await written('first has them');
  first.tell('release');
  other.tell('release');

  both.tell('serve 20');
  reversed.tell('serve 20');
  await written('both gives way', 19);
  await written('reversed gives way', 19);
});

test('files and folder are for every user, whatever the umask of the first', async () => {
  const { lock, reached } = await machine();
  const child = spawn('sh', ['-c', `umask 077; exec "${python}" "${script}" run "${lock(0)}" -- true`]);
  await reached(() => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
  expect(statSync(join(lock(0), '..')).mode & 0o7777).toBe(0o1777);
  for (const file of [lock(0), lock(0).replace('.lock', '.wanted')]) expect(statSync(file).mode & 0o777).toBe(0o666);
});

test('a command holds the GPU until it ends, and who waits for it is told', async () => {
  const { holder, written, run, reached, kill, lock } = await machine();
  const a = holder('a', 0);
  a.tell('acquire');
  await written('a has them');
  const done = join(lock(0), '../done');
  const command = run([0], python, '-c', `open("${done}", "w").close(); import time; time.sleep(600)`);
  await reached(() => command.stderr() !== '');
  expect(command.stderr()).toBe(`waiting for the GPU: process ${a.child.pid} (test a) holds it\n`);
  expect(existsSync(done)).toBe(false);
  a.tell('release');
  await reached(() => existsSync(done));

  const b = holder('b', 0);
  b.tell('acquire');
  await written('b asks');
  const c = holder('c', 0);
  c.tell('give-up');
  await written('c gave up');
  await kill(command);
  await written('b has them');
});

test('a command that can not be started says so', async () => {
  const { run, reached } = await machine();
  const { child, stderr } = run([], 'no-such-command');
  await reached(() => child.exitCode !== null && stderr() !== '');
  expect(child.exitCode).toBe(1);
  expect(stderr()).toBe("no-such-command can't be started: No such file or directory\n");
});
