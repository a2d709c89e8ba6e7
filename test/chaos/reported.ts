import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Say = (line: string) => void;

/**
 * Runs in a folder of its own, says what happens with the seconds since it began, and prints the report. Where that is not ok the exit code
 * is 1 and the folder stays. @param options.otherwise what is said then
 */
export async function reported<Report extends { ok: boolean }>(
  options: { json: boolean; otherwise: string },
  run: (folder: string, say: Say) => Promise<Report>,
): Promise<void> {
  const began = Date.now();
  const say = (line: string) =>
    process.stderr.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-chaos-'));
  const report = await run(folder, say);
  if (report.ok) await rm(folder, { recursive: true, force: true });
  else say(`${options.otherwise}: the files are in ${folder}`);
  process.exitCode = report.ok ? 0 : 1;
  process.stdout.write(`${JSON.stringify(report, null, options.json ? 0 : 2)}\n`);
}
