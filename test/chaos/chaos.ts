import { parseArgs } from 'node:util';
import { ensurePython } from '../../src/cli/setup/python.ts';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';
import { reported } from './reported.ts';
import { runChaos } from './run.ts';

const HELP = `usage: npm run test:chaos -- [--kills N] [--seed S] [--json]

Runs one selfImprove twice, with real parts, each a process of its own: undisturbed, and while workers, the Temporal
server, the engine and the trainer are killed by -9. Then compares every row, training file and weight.

  --kills N  how many, 50 by default; of each kind as many (about 20 seconds each)
  --seed S   what is killed and when, 1 by default
  --json     one line of JSON on standard output at the end

Exit code 1 where anything was lost, duplicated, different or not completed; then it says where the files are.
`;

export async function chaos(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const [kills, seed] = [Number(values.kills), Number(values.seed)];
  if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
    process.stderr.write(HELP);
    process.exitCode = 2;
    return;
  }
  await reported({ json: values.json, otherwise: 'not as undisturbed' }, async (folder, say) => {
    const [cli, python] = await Promise.all([ensureTemporalCli({ log: say }), ensurePython({ log: say })]);
    return await runChaos({ folder, cli, python, kills, seed, say });
  });
}
