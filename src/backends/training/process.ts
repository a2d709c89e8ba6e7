import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

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
