import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { holderOf } from '../../src/backends/gpus.ts';
import { Metrics } from '../../src/backends/metrics.ts';
import { trainerFile } from '../../src/backends/package.ts';
import { watchGauges } from '../../src/workers/gauges.ts';
import { temporaryFolder } from '../support/folder.ts';
import { RecordingMeter } from '../support/recording-meter.ts';

test('engines of one host are added up, a GPU is held by one user, and the disk has room', async () => {
  const folder = await temporaryFolder();
  const locks = ['0', '1'].map((gpu) => join(folder, `${gpu}.lock`));
  await writeFile(locks[0]!, JSON.stringify({ pid: process.pid, what: 'vLLM' }));
  const { meter, series } = new RecordingMeter();
  const limiters = [
    { host: 'a:8000', limiter: { inFlight: 3, limit: 64 } },
    { host: 'a:8000', limiter: { inFlight: 1, limit: 8 } },
    { host: 'vllm', limiter: { inFlight: 0, limit: 269 } },
  ];
  const stop = watchGauges({
    metrics: new Metrics(meter),
    engine: { limiters: () => limiters },
    gpus: { names: ['0', '1'], locks },
    store: folder,
  });
  onTestFinished(stop);
  await vi.waitFor(() => expect(series).toHaveProperty('critique_loop_store_free_bytes'), 5_000);
  expect(series).toMatchObject({
    'critique_loop_in_flight{host="a:8000"}': 4,
    'critique_loop_limit{host="a:8000"}': 72,
    'critique_loop_limit{host="vllm"}': 269,
    'critique_loop_gpu_held{gpu="0",user="vllm"}': 1,
    'critique_loop_gpu_held{gpu="0",user="trl"}': 0,
    'critique_loop_gpu_held{gpu="1",user="vllm"}': 0,
  });
  expect(series.critique_loop_store_free_bytes).toBeGreaterThan(0);
});

test('who holds a lease is seen while lease.py holds it, and not after a kill', async () => {
  const lock = join(await temporaryFolder(), '0.lock');
  expect(await holderOf(lock)).toBeNull();
  const child = spawn('python3', [trainerFile('lease.py'), 'run', lock, '--', 'sh', '-c', 'sleep 60 # train x.yaml']);
  const ended = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  await vi.waitFor(async () => expect(await holderOf(lock)).toBe('llamafactory'), 10_000);
  child.kill('SIGKILL');
  await ended;
  expect(await holderOf(lock)).toBeNull();
});
