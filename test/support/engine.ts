import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface CheckpointOptions {
  seed: number;
  kind?: 'llama' | 'gpt_neox' | 'qwen2';
  width?: number;
  kvHeads?: number;
  context?: number;
  chatTemplate?: boolean;
}

/** Writes a checkpoint with random weights: a Hugging Face folder like any other. */
export async function randomCheckpoint(python: string, folder: string, options: CheckpointOptions): Promise<string> {
  const { seed, kind = 'llama', width = 32, kvHeads = 4, context = 256, chatTemplate = false } = options;
  const args = ['--kind', kind, '--width', width, '--kv-heads', kvHeads, '--context', context].map(String);
  if (chatTemplate) args.push('--chat-template');
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  await promisify(execFile)(python, [file('test/support/random_checkpoint.py'), folder, String(seed), ...args], {
    env,
  });
  return folder;
}

export interface TestEngine {
  process: ChildProcess;
  url: string;
  stderr: () => string;
  stop(): Promise<void>;
}

/** deploy/trainer/serve.py on a free port, ready. */
export async function startEngine(python: string, args: string[]): Promise<TestEngine> {
  const child = spawn(python, [file('deploy/trainer/serve.py'), '--port', '0', '--exit-with-parent', ...args]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    exited.then(() => reject(new Error(`the engine ended: ${stderr}`)));
    createInterface(child.stdout).on('line', (line) => {
      const { host, port } = JSON.parse(line);
      resolve(`http://${host}:${port}`);
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { process: child, url, stderr: () => stderr, stop };
}

/** A gauge or counter of /metrics. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.match(new RegExp(`^vllm:${name} (\\S+)$`, 'm'))![1]);
}
