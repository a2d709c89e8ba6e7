import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Gpus } from '../../method/gpu/device.ts';

/** What a user says of a machine that this is not. */
export interface GpuOptions {
  gpus?: number;
  /** GiB of each. */
  gpuMemory?: number;
}

/** The GPUs that are meant: those of the options, or of this machine as nvidia-smi lists them. null: none. */
export async function findGpus({ gpus, gpuMemory }: GpuOptions): Promise<Gpus | null> {
  const here = await listGpus();
  const count = gpus ?? here?.count;
  const memory = gpuMemory ?? here?.memory;
  if (count === undefined || memory === undefined) return null;
  return { count, memory, name: gpuMemory === undefined ? here!.name : null };
}

async function listGpus(): Promise<Gpus | null> {
  const query = ['--query-gpu=memory.total,name', '--format=csv,noheader,nounits'];
  const output = await promisify(execFile)('nvidia-smi', query).catch(() => null);
  const lines = output?.stdout.trim().split('\n').filter(Boolean) ?? [];
  const [memory, name] = lines[0]?.split(', ') ?? [];
  if (!Number(memory) || name === undefined) return null;
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',').filter(Boolean).length;
  return { count: visible ?? lines.length, memory: Number(memory) / 1024, name };
}
