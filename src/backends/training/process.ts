import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** After so long a process that was asked to end is ended. */
const PATIENCE_MS = 10_000;

/** The process that trains into a job's folder, by its file `pid`: a line with the pid, and one with an argument that it has. */
export interface Trainer {
  pid: number;
  argument: string;
}

export async function readTrainer(folder: string): Promise<Trainer | null> {
  const [first, argument] = (await readFile(join(folder, 'pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(first);
  return Number.isInteger(pid) && pid > 0 && argument ? { pid, argument } : null;
}

export async function runningTrainer(folder: string): Promise<Trainer | null> {
  const trainer = await readTrainer(folder);
  return trainer && (await isAlive(trainer.pid, trainer.argument)) ? trainer : null;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Whether a process runs under this pid with `argument` on its command line: a pid alone may have been given to another. */
export async function isAlive(pid: number, argument: string): Promise<boolean> {
  const { state, command } = existsSync('/proc/self/stat') ? await readProc(pid) : await askPs(pid);
  return state !== 'Z' && command.includes(argument);
}

async function readProc(pid: number): Promise<{ state: string; command: string }> {
  const [stat, command] = await Promise.all(
    ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  return { state: stat!.slice(stat!.lastIndexOf(')') + 2).charAt(0), command: command! };
}

async function askPs(pid: number): Promise<{ state: string; command: string }> {
  const { stdout } = await run('ps', ['-ww', '-o', 'stat=,args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return { state: stdout.trimStart().charAt(0), command: stdout };
}

/**
 * Pids of the processes that have `argument` on their command line, which is a path that nobody else has. In the middle of an exec a
 * process has no command line, so what is not found is looked for twice.
 */
export async function processesWith(argument: string): Promise<number[]> {
  const found = await findProcesses(argument);
  if (found.length > 0) return found;
  await sleep(50);
  return findProcesses(argument);
}

/** The process group of a pid; null where it is gone. */
export async function groupOf(pid: number): Promise<number | null> {
  const { stdout } = await run('ps', ['-o', 'pgid=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return Number(stdout) || null;
}

async function findProcesses(argument: string): Promise<number[]> {
  if (!existsSync('/proc/self/stat')) {
    const { stdout } = await run('ps', ['-ww', '-A', '-o', 'pid=,args=']);
    return stdout.split('\n').flatMap((line) => (line.includes(argument) ? Number.parseInt(line, 10) : []));
  }
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  // A zombie has none, either.
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, i) => commands[i]!.split('\0').includes(argument));
}

/** Asks processes to end, insists after a while, and waits. */
export async function endAll(find: () => Promise<number[]>): Promise<void> {
  for (let waited = 0; ; waited += 200) {
    const pids = await find();
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid, waited < PATIENCE_MS ? 'SIGTERM' : 'SIGKILL');
    await sleep(200);
  }
}
