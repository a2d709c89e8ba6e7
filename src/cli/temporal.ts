import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureTemporalCli } from './setup/temporal-cli.ts';

/** Passes everything on to the Temporal CLI. */
export async function temporal(args: string[]): Promise<void> {
  const cli = await ensureTemporalCli({ log: (line) => void process.stderr.write(`${line}\n`) });
  const child = spawn(cli, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
