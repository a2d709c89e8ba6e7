import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Gpus } from '../../method/gpu/device.ts';
import { SetupError } from '../setup/setup-error.ts';

/** What a user says of a machine that this is not. */
export interface GpuOptions {
  gpus?: number;
  /** GiB of each. */
  gpuMemory?: number;
}

/**
 * The GPUs that a run file is checked for: those of the options, or of this machine. null: none.
 * @throws SetupError where only one of the options is given, and there are no GPUs here that tell the other
 */
export async function chooseGpus({ gpus, gpuMemory }: GpuOptions): Promise<Gpus | null> {
  const here = await listGpus();
  const count = gpus ?? here?.count;
  const memory = gpuMemory ?? here?.memory;
  if (count === undefined && memory === undefined) return null;
  if (count === undefined)
    throw new SetupError('--gpus is missing, expected with --gpu-memory: there are no GPUs here');
  if (memory === undefined)
    throw new SetupError('--gpu-memory is missing, expected with --gpus: there are no GPUs here');
  return { count, memory, name: gpuMemory === undefined ? here!.name : null };
}

/** Those that nvidia-smi lists and CUDA_VISIBLE_DEVICES leaves; the smallest one's memory. */
async function listGpus(): Promise<Gpus | null> {
  const query = ['--query-gpu=memory.total,name', '--format=csv,noheader,nounits'];
  const output = await promisify(execFile)('nvidia-smi', query).catch(() => null);
  const listed = [...(output?.stdout ?? '').matchAll(/^(\d+), (.+)$/gm)];
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',').filter((name) =>
    /^(\d+|(GPU|MIG)-.+)$/.test(name.trim()),
  );
  const count = Math.min(listed.length, visible?.length ?? listed.length);
  if (count === 0) return null;
  const smallest = listed.reduce((a, b) => (Number(b[1]) < Number(a[1]) ? b : a));
  return { count, memory: Number(smallest[1]) / 1024, name: smallest[2]! };
}
