import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { runGpuChaos } from './gpu/run.ts';
import { isVictim, VICTIMS } from './gpu/victims.ts';

const HELP = `usage: npm run test:chaos -- --gpu [--input FILE] [--victims LIST] [--json]

Runs one selfImprove with a worker of all roles whose engine is vLLM, and kills by -9, each once, what works on the GPU: the
trainer, vLLM's API server and its EngineCore, their supervisor, and at last the worker. Then looks at every row, every step of
training and every process.

  --input FILE    the run, runs/demo.json by default; it needs a critic
  --victims LIST  what is killed, of: ${VICTIMS.join(',')}; all by default (each but the trainer takes a start of vLLM)
  --json          one line of JSON on standard output at the end

Exit code 1 where anything was lost, twice, left over, not killed or not completed; then it says where the files are.
`;

export async function gpuChaos(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      gpu: { type: 'boolean' },
      input: { type: 'string', default: 'runs/demo.json' },
      victims: { type: 'string', default: VICTIMS.join(',') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const wanted = values.victims.split(',');
  if (!wanted.every(isVictim)) {
    process.stderr.write(HELP);
    process.exitCode = 2;
    return;
  }
  const began = Date.now();
  const say = (line: string) =>
    process.stderr.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}\n`);
  const input = JSON.parse(await readFile(values.input, 'utf8')) as SelfImproveInput;
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-chaos-'));
  const victims = VICTIMS.filter((victim) => wanted.includes(victim));
  const report = await runGpuChaos({ input, victims, folder, say });
  if (report.ok) await rm(folder, { recursive: true, force: true });
  else say(`not as it should be: the files are in ${folder}`);
  process.exitCode = report.ok ? 0 : 1;
  process.stdout.write(`${JSON.stringify(report, null, values.json ? 0 : 2)}\n`);
}
