import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import { isAlive } from '../../src/backends/training/process.ts';
import { startDevServer } from '../../src/cli/setup/dev-server.ts';
import type { fineTune } from '../../src/workflows/fine-tune.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { eventually } from '../support/bench.ts';
import { randomCheckpoint } from '../support/engine.ts';
import { python, temporalCli } from '../support/temporal.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';

/**
 * A run of a small random checkpoint with the real engine and the real trainer, on a server of its own with its runs in a file.
 * Trainer, worker, server and worker again are killed by -9 in turn; the weights are those of a fine-tune that nobody disturbed.
 * Fails as a test does.
 */
export async function everythingReal(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  const store = join(folder, 'store');
  const serve = (port: number | 'any') =>
    startDevServer({
      cli: temporalCli,
      dbFile: join(folder, 'temporal.db'),
      logFile: join(folder, 'temporal.log'),
      port,
      uiPort: 'any',
      log: () => {},
    });
  let server = await serve('any');
  const spawned: SpawnedWorker[] = [];
  const work = async () => {
    const env = { CRITIQUE_LOOP_PYTHON: python };
    const worker = await spawnWorker({ roles: 'all', address: server.address, store, env });
    spawned.push(worker);
    return worker;
  };
  const connect = async () =>
    new Client({ connection: await Connection.connect({ address: server.address }), identity: 'test' });
  try {
    const base = await randomCheckpoint(python, join(folder, 'actor'), { seed: 1, context: 1024 });
    const training = {
      epochs: 30,
      learningRate: 1e-3,
      batchSize: 4,
      gradientAccumulation: 1,
      maxLength: 900,
      saveSteps: 10,
    };
    const questions = { source: 'arithmetic', split: 'train', count: 60 } as const;
    const test = { ...questions, split: 'test', count: 400 } as const;
    const actor = { base, maxTokens: 60 };
    let client = await connect();
    await client.workflow.start<typeof selfImprove>('selfImprove', {
      workflowId: 'real',
      taskQueue: QUEUES.workflows,
      args: [{ iterations: 0, actor, critic: null, questions, reason: questions, test, training }],
    });
    let worker = await work();
    const trainer = watchTrainer(join(store, 'runs/real/iteration-0/fine-tune'));

    await eventually('a resume point', async () => trainer.step() >= 25, 120_000);
    const killed = trainer.pid();
    process.kill(killed, 'SIGKILL');
    await eventually('another trainer', async () => trainer.pid() !== killed && trainer.step() > 40, 120_000);
    expect(trainer.resumedFrom()).toBeGreaterThanOrEqual(20);

    const adopted = trainer.pid();
    await worker.kill();
    expect(await trainer.isAlive()).toBe(true);
    worker = await work();
    await eventually('the engine', async () => enginesOf(worker.pid).length === 1, 150_000);
    expect(trainer.pid()).toBe(adopted);

    process.kill(server.pid, 'SIGKILL');
    await server.died;
    await server.stop();
    await sleep(2_000);
    server = await serve(Number(server.address.split(':')[1]));
    await client.connection.close();
    client = await connect();
    const result = await client.workflow.getHandle<typeof selfImprove>('real').result();
    expect(result).toMatchObject({ status: 'completed', iterations: [{ accuracy: { n: 400 } }] });

    const calm = await client.workflow.execute<typeof fineTune>('fineTune', {
      workflowId: 'calm',
      taskQueue: QUEUES.workflows,
      args: [{ base, data: result.datasets[0]!.uri, training }],
    });
    expect(calm.checkpoint!.sha256).toBe(result.checkpoint!.sha256);

    const [engine] = enginesOf(worker.pid);
    await worker.kill();
    await eventually('the end of the engine', async () => !existsSync(`/proc/${engine}`), 10_000);
    await client.connection.close();
  } finally {
    for (const { process, kill } of spawned) if (process.exitCode === null && process.signalCode === null) await kill();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a fine-tune's folder tells. */
function watchTrainer(folder: string) {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const pid = () => Number(read('pid'));
  return {
    pid,
    isAlive: () => isAlive(pid(), join(folder, 'job.json')),
    step: () => Number(/.*"step": (\d+)/s.exec(read('progress.jsonl'))?.[1] ?? 0),
    resumedFrom: () => Number(/"resumedFrom": (\d+)/.exec(read('progress.jsonl'))?.[1]),
  };
}

/** Process ids of the engines that a worker started. */
function enginesOf(worker: number): string[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  const parentOf = (pid: string) => read(pid, 'stat').split(') ').at(-1)?.split(' ')[1];
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && parentOf(pid) === String(worker) && read(pid, 'cmdline').includes('serve.py'),
  );
}
