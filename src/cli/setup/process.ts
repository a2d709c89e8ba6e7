import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts a process in a group of its own, so that Ctrl-C reaches only us and we decide the order of shutdown. It does
 * not outlive us, not even after kill -9: a shell waits on a pipe that closes when we are gone, and then ends the group.
 */
export function spawnBound(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid === undefined) return child;
  const script = 'read -r _; kill -s TERM -- "-$0"; sleep 5; kill -s KILL -- "-$0"';
  const guard = spawn('/bin/sh', ['-c', script, String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  guard.unref();
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  child.once('exit', () => guard.kill('SIGKILL'));
  return child;
}

/** Signals the whole group of a process that spawnBound started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until no process of that group is left, at most so long: by then the number is somebody else's. */
export async function groupEnded(pid: number, timeoutMs: number): Promise<void> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; await sleep(50)) {
    try {
      process.kill(-pid, 0);
    } catch {
      return;
    }
  }
}

export interface Finished {
  /** Exit status; null where a signal ended it or it never started. */
  code: number | null;
  stdout: string;
  /** The last 200 lines of stdout and stderr as they came. */
  lines: string[];
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  /** Aborting kills the process and everything it started. */
  signal?: AbortSignal;
}

/** Runs a program to its end. Never throws: a program that can't be started is a code of null and a line that says why. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { cwd, env = process.env, onLine, signal } = options;
  const lines: string[] = [];
  const stdout: string[] = [];
  const child = spawnBound(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => signalGroup(child, 'SIGKILL');
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();

  const collect = (line: string) => {
    lines.push(line);
    if (lines.length > 200) lines.shift();
    onLine?.(line);
  };
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout.push(line);
      collect(line);
    });
  }
  if (child.stderr) createInterface({ input: child.stderr }).on('line', collect);

  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      collect(error.message);
      resolve(null);
    });
    child.once('close', (status) => resolve(status));
  });
  signal?.removeEventListener('abort', kill);
  return { code, stdout: stdout.join('\n'), lines };
}

/** Every executable of that name on PATH, in order. */
export async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const found: string[] = [];
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) found.push(candidate);
  }
  return found;
}

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
