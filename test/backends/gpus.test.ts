import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findGpus } from '../../src/backends/gpus.ts';
import { temporaryFolder } from '../support/folder.ts';

/** A folder like /dev of a machine with so many GPUs. */
async function machine(gpus: number): Promise<string> {
  const devices = await temporaryFolder();
  const others = ['nvidiactl', 'nvidia-uvm', 'null'];
  for (const name of [...others, ...Array.from({ length: gpus }, (_, i) => `nvidia${i}`)])
    writeFileSync(join(devices, name), '');
  return devices;
}

test('all GPUs of the machine where nothing says which', async () => {
  const { names, locks } = findGpus({}, await machine(11));
  expect(names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  expect(locks.at(-1)).toBe('/tmp/critique-loop-gpu/10.lock');
});

test.each([
  ['1', ['1']],
  ['3, 0', ['3', '0']],
  ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6']],
  ['MIG-GPU-8932f937/1/2', ['MIG-GPU-8932f937/1/2']],
  ['', []],
  ['-1', []],
  ['NoDevFiles', []],
  ['0,-1,1', ['0']],
])('CUDA_VISIBLE_DEVICES "%s" is %j', async (visible, names) => {
  expect(findGpus({ CUDA_VISIBLE_DEVICES: visible }, await machine(4)).names).toEqual(names);
});

test('the lock files are where the environment says, one flat file each', async () => {
  const env = { CUDA_VISIBLE_DEVICES: '1,MIG-GPU-89/1/2', CRITIQUE_LOOP_GPU_LOCKS: '/run/gpus' };
  expect(findGpus(env, await machine(2)).locks).toEqual(['/run/gpus/1.lock', '/run/gpus/MIG-GPU-89-1-2.lock']);
  expect(findGpus({ CRITIQUE_LOOP_GPU_LOCKS: '' }, await machine(1)).locks).toEqual(['/tmp/critique-loop-gpu/0.lock']);
});

test('a machine without GPUs has none, whatever is asked for', async () => {
  expect(findGpus({ CUDA_VISIBLE_DEVICES: '0' }, await machine(0))).toEqual({ names: [], locks: [] });
});
