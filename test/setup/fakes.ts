import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Machine {
  /** A PATH of one folder, `bin`, besides /bin and /usr/bin where `system` is asked for; a cache of its own. */
  env: NodeJS.ProcessEnv;
  folder: string;
  lines: string[];
  log: (line: string) => void;
  /** Makes `bin/NAME`, or any path, an executable shell script. */
  program: (name: string, script: string) => Promise<string>;
}

/** A machine with nothing on it, in a temporary folder. No proxy leads out of it, so downloads fail at once. */
export async function bareMachine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-setup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'bin'));
  const lines: string[] = [];
  return {
    env: {
      PATH: join(folder, 'bin'),
      HOME: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      HTTPS_PROXY: 'http://127.0.0.1:9',
    },
    folder,
    lines,
    log: (line) => void lines.push(line),
    program: async (name, script) => {
      const path = name.startsWith('/') ? name : join(folder, 'bin', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
      return path;
    },
  };
}
