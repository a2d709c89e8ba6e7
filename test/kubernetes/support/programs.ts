import { join } from 'node:path';
import { findOnPath } from '../../../src/cli/setup/process.ts';
import { ensurePython } from '../../../src/cli/setup/python.ts';
import { ensureTemporalCli } from '../../../src/cli/setup/temporal-cli.ts';
import { ensureGoProgram } from '../../support/go-program.ts';

const DEBIAN = { etcd: 'etcd-server', containerd: 'containerd', ctr: 'containerd', runc: 'runc' };

/** Paths of what is built once. */
export async function programs(): Promise<{ kubernetes: string; pause: string }> {
  const folder = join(import.meta.dirname, '..', 'program');
  const build = (name: string, what: string, path: string, minutes: number) =>
    ensureGoProgram({ name, what, folder, package: path, minutes });
  const kubernetes = await build('kubernetes', 'Kubernetes', '.', 20);
  const pause = await build('kubernetes-pause', "the program of pods' sandboxes", './pause', 1);
  if (!kubernetes || !pause) throw new Error('Kubernetes is built with Go: install it (https://go.dev/dl)');
  return { kubernetes, pause };
}

/** All that the tests need of the world. */
export async function ensureAll(): Promise<void> {
  for (const [program, of] of Object.entries(DEBIAN))
    if ((await findOnPath(program, process.env)).length === 0)
      throw new Error(`there is no ${program}: apt-get install ${of}`);
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  await programs();
  await ensureTemporalCli({ log });
  await ensurePython({ log });
}
