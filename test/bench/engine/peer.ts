import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import { spawnBound } from '../../../src/cli/setup/process.ts';
import { PROMPT_FAMILIES, questionPrompt } from '../../../src/method/prompts/index.ts';
import { type Asked, TEMPERATURE, tested } from './asked.ts';

/** What in_process.py measured. */
export interface PeerGo {
  completionTokens: number;
  seconds: number;
  /** Cores that the process took which is asked; vLLM computes in another. */
  cpu: number;
}

export interface Peer {
  /** From its start until it could be asked. */
  readySeconds: number;
  /** Asks, and ends. */
  go(): Promise<PeerGo>;
}

/** in_process.py with a model that is loaded: resolves once it is. */
export async function startPeer(options: {
  python: string;
  folder: string;
  name: string;
  model: string;
  args: readonly string[];
  asked: Asked;
  gpu: string;
}): Promise<Peer> {
  const { python, folder, name, model, args, asked, gpu } = options;
  const job = join(folder, `${name}.json`);
  const prompts = [...questions(tested(asked))].map((question) => questionPrompt('base', 'solution', question));
  const { samples, maxTokens } = asked;
  const { stop } = PROMPT_FAMILIES.base;
  await writeFile(job, JSON.stringify({ model, args, prompts, samples, temperature: TEMPERATURE, maxTokens, stop }));
  const logFile = join(folder, `${name}.log`);
  const log = await open(logFile, 'w');
  const child = spawnBound(python, [join(import.meta.dirname, 'in_process.py'), job], {
    stdio: ['pipe', 'pipe', log.fd],
    // What two processes of one model compile at a time, each keeps to itself.
    env: { ...process.env, CUDA_VISIBLE_DEVICES: gpu, VLLM_CACHE_ROOT: join(folder, 'cache') },
  });
  await log.close();
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`in_process.py ended:\n${(await readFile(logFile, 'utf8')).slice(-3000)}`);
    return JSON.parse(value);
  };
  const exited = once(child, 'exit');
  const { ready } = await next();
  return {
    readySeconds: ready,
    go: async () => {
      child.stdin!.end('go\n');
      const found = await next();
      await exited;
      return found;
    },
  };
}
