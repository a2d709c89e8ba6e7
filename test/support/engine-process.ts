import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnBound } from '../../src/cli/setup/process.ts';
import type { EngineEvent, EngineServerOptions, EngineStats } from './engine-server.ts';

/** engine-server.ts in a process of its own, which can be killed and started again at the same URL. */
export interface EngineProcess {
  url: string;
  pid: number;
  stats(): Promise<EngineStats>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

/** @param within what it is started by, for instance `ip netns exec h1` */
export async function startEngine(
  options: Partial<EngineServerOptions>,
  within: readonly string[] = [],
): Promise<EngineProcess> {
  const whole: EngineServerOptions = { port: 0, train: 300, test: 300, latencyMs: 0, ...options };
  const main = join(import.meta.dirname, 'engine-main.mjs');
  const [command, ...args] = [...within, process.execPath, main, JSON.stringify(whole)];
  const child = spawnBound(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the engine ended with ${code}`)));
    createInterface(child.stdout!).once('line', (line) => resolve(JSON.parse(line).port));
  });
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: `${origin}/v1`,
    pid: child.pid!,
    stats: async () => (await (await fetch(`${origin}/stats`)).json()) as EngineStats,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** What the log of an engine says; a last line that a kill cut short is left out. */
export async function readEngineLog(path: string): Promise<EngineEvent[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const [at, what, row, tokens] = line.split('\t');
    return tokens === undefined
      ? []
      : [{ at: Number(at), what: what as EngineEvent['what'], row: row!, tokens: Number(tokens) }];
  });
}
