import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import { python, temporalCli } from './temporal.ts';

export interface RunningCommand {
  child: ChildProcess;
  output: () => string;
}

/** `critique-loop ...` in a folder, as a person runs it. */
export const startCommand = (folder: string, ...args: string[]): RunningCommand =>
  startCommandWith({}, folder, ...args);

/** The same with further environment variables. */
export function startCommandWith(env: NodeJS.ProcessEnv, folder: string, ...args: string[]): RunningCommand {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), ...args], {
    cwd: folder,
    env: { ...process.env, TEMPORAL_CLI: temporalCli, CRITIQUE_LOOP_PYTHON: python, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return { child, output: () => output };
}

/** Waits for a good end, and reads its last line, which is JSON. */
export async function finishCommand<Summary>({ child, output }: RunningCommand): Promise<Summary> {
  const [code] = await once(child, 'close');
  expect(code, output()).toBe(0);
  return JSON.parse(output().trim().split('\n').at(-1)!) as Summary;
}
