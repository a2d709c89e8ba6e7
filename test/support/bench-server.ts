import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevServer } from '../../src/cli/setup/dev-server.ts';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';

/** A Temporal server for one measurement, and a folder for its store, which is removed with it. */
export async function startBenchServer(): Promise<{ address: string; folder: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-bench-'));
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const server = await startDevServer({
    cli: await ensureTemporalCli({ log }),
    logFile: join(folder, 'temporal.log'),
    log,
    port: 'any',
    uiPort: 'any',
  });
  return {
    address: server.address,
    folder,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a process has taken so far: its largest resident memory, and the time of all its threads. */
export async function usageOf(pid: number): Promise<{ peakMB: number; cpuSeconds: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peakMB = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024);
  // After the name of the program: the 12th and 13th field, in hundredths of a second.
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return { peakMB, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
