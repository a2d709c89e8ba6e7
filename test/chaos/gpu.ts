import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { runGpuChaos } from './gpu/run.ts';
import { isVictim, VICTIMS } from './gpu/victims.ts';
import { reported } from './reported.ts';

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
  const input = JSON.parse(await readFile(values.input, 'utf8')) as SelfImproveInput;
  const victims = VICTIMS.filter((victim) => wanted.includes(victim));
  await reported({ json: values.json, otherwise: 'not as it should be' }, (folder, say) =>
    runGpuChaos({ input, victims, folder, say }),
  );
}
