import { openStore } from '../backends/storage/open-store.ts';
import type { Store } from '../backends/storage/store.ts';
import { readEnvironment, type WorkerEnvironment } from '../config/environment.ts';
import type { Check } from './preflight/check.ts';
import { checkCluster } from './preflight/cluster.ts';
import { checkEndpoints } from './preflight/endpoints.ts';
import { readEngineArguments } from './preflight/engine-arguments.ts';
import { chooseGpus, type GpuOptions } from './preflight/gpus.ts';
import { estimateHours } from './preflight/hours.ts';
import { checkServing, checkTraining } from './preflight/memory.ts';
import { type RunFile, readRunFile } from './preflight/run-file.ts';
import { Shapes } from './preflight/shapes.ts';
import { checkStore } from './preflight/store.ts';
import { checkTemporal } from './preflight/temporal.ts';

/** Prints one line per check; exit code 1 when any failed. */
export async function preflight(file: string, options: GpuOptions): Promise<void> {
  const environment = readEnvironment();
  const store = await openStore(environment);
  const runFile = await readRunFile(file, store);
  const checks = [
    ...runFile.checks,
    ...(await checkEndpoints(runFile.models, store)),
    ...(await checkGpus(runFile, options, store, environment)),
    await checkStore(store),
    ...(await checkCluster(environment, store)),
    ...(await checkTemporal()),
  ];
  for (const check of checks) process.stdout.write(asText(check));
  const wrong = checks.filter(({ ok }) => ok === false).length;
  const open = checks.filter(({ ok }) => ok === null).length;
  const ready = open === 0 ? 'ready to start' : `ready to start, but for ${open} that could not be checked`;
  process.stdout.write(wrong === 0 ? `${ready}\n` : `${wrong} to mend before this can run\n`);
  if (wrong > 0) process.exitCode = 1;
}

/** Whether models fit and what the run takes; nothing where there are no GPUs and none are named. */
async function checkGpus(
  file: RunFile,
  options: GpuOptions,
  store: Store,
  { cache, vllm }: WorkerEnvironment,
): Promise<Check[]> {
  const gpus = await chooseGpus(options);
  if (!gpus) return [];
  const machine = { gpus, engine: readEngineArguments(vllm?.args ?? []), isVllm: vllm !== undefined };
  const shapes = new Shapes(cache);
  return [
    ...(await checkServing(file.models, machine, shapes)),
    ...(await checkTraining(file.trainings, machine, shapes)),
    ...(file.selfImprove ? await estimateHours(file.selfImprove, machine, shapes, store) : []),
  ];
}

const asText = ({ what, ok, detail, notes = [] }: Check) =>
  [`${LABELS.get(ok)}  ${what}: ${detail}\n`, ...notes.map((note) => `         ${note}\n`)].join('');

const LABELS = new Map<Check['ok'], string>([
  [true, 'ok   '],
  [false, 'WRONG'],
  [null, '?    '],
]);
