import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { trainerFile } from '../../../../src/backends/package.ts';
import { FakeVllm, isRunning, supervisorOf } from '../../../support/fake-vllm.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const digits = createHash('sha256').update('actor').digest('hex').slice(0, 8);

async function setUp() {
  const lock = join(await temporaryFolder(), '0.lock');
  const vllm = await FakeVllm.start({ locks: [lock] });
  return { vllm, lock, actor: await vllm.model('actor') };
}

/** Another process that uses the GPU while its stdin is open, once it has it. */
function other(lock: string): { child: ChildProcess; has: Promise<unknown>; end(): Promise<void> } {
  const command = [trainerFile('lease.py'), 'run', lock, '--', 'sh', '-c', 'echo has it; read _'];
  const child = spawn('python3', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    has: once(child.stdout!, 'data'),
    end: async () => {
      child.stdin!.end();
      await exited;
    },
  };
}

test('vLLM waits for the GPU, and says for whom', async () => {
  const { vllm, lock, actor } = await setUp();
  const trainer = other(lock);
  await trainer.has;
  const { client } = await vllm.engine.serve(actor, new AbortController().signal);
  const asked = vllm.ask(actor);
  while (client.waitingFor === null) await sleep(10);
  expect(client.waitingFor).toMatch(new RegExp(`^the GPU: process ${trainer.child.pid} \\(sh .*\\) has it$`));
  expect(vllm.events).toEqual([]);
  await trainer.end();
  expect(await asked).toContain(digits);
});

test('vLLM sleeps while another process uses the GPU, and is awake when it is asked again', async () => {
  const { vllm, lock, actor } = await setUp();
  await vllm.ask(actor);
  const trainer = other(lock);
  await trainer.has;
  expect(vllm.story).toEqual(['start actor', 'sleep']);
  const asked = vllm.ask(actor);
  await trainer.end();
  expect(await asked).toContain(digits);
  expect(vllm.story).toEqual(['start actor', 'sleep', 'wake']);
});

test('closing does not wait for the GPU', async () => {
  const { vllm, lock, actor } = await setUp();
  const trainer = other(lock);
  await trainer.has;
  const asked = vllm.ask(actor).catch((error) => error);
  const { client } = await vllm.engine.serve(actor, new AbortController().signal);
  while (client.waitingFor === null) await sleep(10);
  await vllm.engine.close();
  expect(await asked).toMatchObject({ type: 'EngineUnavailable' });
});

test('after a kill of the supervisor the GPU is free when its vLLM is gone', async () => {
  const { vllm, lock, actor } = await setUp();
  await vllm.ask(actor);
  const { pid, core } = vllm.events.find(({ event }) => event === 'engine core')!;
  process.kill(await supervisorOf(pid), 'SIGKILL');
  const trainer = other(lock);
  await trainer.has;
  expect([await isRunning(pid), await isRunning(core!)]).toEqual([false, false]);
  const asked = vllm.ask(actor);
  await trainer.end();
  expect(await asked).toContain(digits);
});
