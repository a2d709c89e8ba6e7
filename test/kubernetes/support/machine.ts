import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnBound } from '../../../src/cli/setup/process.ts';
import { kubernetesProgram } from './programs.ts';

/** Where the cluster's programs have their files. */
export class Machine {
  readonly folder: string;
  readonly kubeconfig: string;

  constructor(folder: string) {
    this.folder = folder;
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  /** Path of a file with that content, an object as JSON. */
  async file(name: string, content: string | object): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** Starts a program that writes to NAME.log, and finds the cluster by its kubeconfig. */
  run(name: string, command: string, args: string[]): ChildProcess {
    const log = createWriteStream(join(this.folder, `${name}.log`), { flags: 'a' });
    const env = { ...process.env, KUBECONFIG: this.kubeconfig };
    const child = spawnBound(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [child.stdout!, child.stderr!]) stream.pipe(log, { end: false });
    return child;
  }

  /** Starts one of the programs of Kubernetes. */
  async kube(name: string, flags: Record<string, string>): Promise<ChildProcess> {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    return this.run(name, await kubernetesProgram(), [name, ...args]);
  }
}
