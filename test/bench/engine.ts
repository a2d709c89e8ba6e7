import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../../src/cli/setup/process.ts';
import type { Asked } from './engine/asked.ts';
import { type PeerGo, startPeer } from './engine/peer.ts';
import { measureScaling } from './engine/scaling.ts';
import { Service } from './engine/service.ts';

/**
 * The same for both. A share of the memory that is known beforehand lets all start at once: what vLLM would find free depends on who else
 * starts. A script's defaults are not a server's, so they are said.
 */
const ENGINE_ARGS = [
  ...['--kv-cache-memory-bytes', '16G', '--gpu-memory-utilization', '0.1'],
  ...['--max-num-seqs', '1024', '--max-num-batched-tokens', '8192'],
];
/** From here on a process of one thread that does the work has no time left. */
const FULL_CORE = 0.9;

interface Measured {
  model: string;
  inProcess: Rate & { readySeconds: number; cpu: number };
  service: Rate & { readySeconds: number; cores: Record<string, number> };
  /** Of the service to in-process. */
  ratio: number;
  /** What the service waits for. */
  bound: string;
}

interface Rate {
  tokensPerSecond: number;
  completionTokens: number;
  seconds: number;
}

/**
 * `npm run bench -- engine --model FOLDER|random-1b [--model ...] [--questions 1000] [--samples 8] [--max-tokens 128] [--json]`: completion
 * tokens a second of vLLM in a script and through the whole service, with the same prompts and the same sampling, one after the other.
 * `--workers 2 [--kill]` instead measures inference workers on the GPUs 0 and 1 on the one task queue, and one of them alone.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string', multiple: true, default: ['models/actor'] },
      questions: { type: 'string', default: '1000' },
      samples: { type: 'string', default: '8' },
      'max-tokens': { type: 'string', default: '128' },
      workers: { type: 'string', default: '1' },
      kill: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const asked: Asked = {
    questions: Number(values.questions),
    samples: Number(values.samples),
    maxTokens: Number(values['max-tokens']),
  };
  const workers = Number(values.workers);
  const engineArgs = [...ENGINE_ARGS, ...(process.env.CRITIQUE_LOOP_VLLM_ARGS ?? '').split(/\s+/).filter(Boolean)];
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-bench-'));
  const began = Date.now();
  const log = (line: string) =>
    process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  try {
    const models = await Promise.all(values.model.map((name) => prepare(name, folder, log)));
    const found =
      workers > 1
        ? await measureScaling({
            ...models[0]!,
            asked,
            args: engineArgs,
            gpus: gpusOf(workers),
            kill: values.kill,
            log,
          })
        : await compare({ models, asked, args: engineArgs, folder, log });
    const said = { ...asked, engineArgs, ...found };
    if (values.json) console.log(JSON.stringify(said));
    else console.dir(said, { depth: null });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Model {
  name: string;
  path: string;
}

/** So many of those that are visible, as CUDA is told of them. */
function gpusOf(count: number): string[] {
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',') ?? Array.from({ length: count }, (_, i) => String(i));
  if (visible.length < count) throw new Error(`CUDA_VISIBLE_DEVICES names fewer than ${count}: ${visible.join(',')}`);
  return visible.slice(0, count);
}

const python = () => process.env.CRITIQUE_LOOP_PYTHON || 'python3';

async function prepare(name: string, folder: string, log: (line: string) => void): Promise<Model> {
  if (name !== 'random-1b') return { name, path: resolve(name) };
  const path = join(folder, name);
  const script = join(import.meta.dirname, 'engine/random_1b.py');
  const { code, lines } = await run(python(), [script, path, resolve('models/actor')]);
  if (code !== 0) throw new Error(`random_1b.py: ${lines.slice(-10).join('\n')}`);
  log(`wrote ${path}`);
  return { name, path };
}

/** All are started at once; then one after the other is asked, and the others wait. */
async function compare(options: {
  models: Model[];
  asked: Asked;
  args: string[];
  folder: string;
  log: (line: string) => void;
}): Promise<{ models: Measured[] }> {
  const { models, asked, args, folder, log } = options;
  const [gpu] = gpusOf(1) as [string];
  const services: Service[] = [];
  try {
    const ready = await Promise.all(
      models.map(async ({ name, path }, i) => {
        const started = Date.now();
        const inScript = startPeer({
          python: python(),
          folder,
          name: `${i}-${basename(name)}`,
          model: path,
          args,
          asked,
          gpu,
        }).then((peer) => {
          log(`${name}: in-process vLLM is ready`);
          return peer;
        });
        const whole = Service.start({ asked: { ...asked, model: path }, gpus: [gpu], args, log }).then((service) => {
          services.push(service);
          log(`${name}: the service is ready`);
          return { service, readySeconds: (Date.now() - started) / 1000 };
        });
        const [peer, { service, readySeconds }] = await Promise.all([inScript, whole]);
        return { name, peer, service, readySeconds };
      }),
    );
    const measured: Measured[] = [];
    for (const { name, peer, service, readySeconds } of ready) {
      const inProcess = await peer.go();
      log(`${name}: in-process ${rate(inProcess).tokensPerSecond} tokens/s`);
      const watch = service.watch();
      const drawn = await service.draw('bench');
      await watch.stop();
      const cores = rounded(watch.cores(drawn.span));
      log(`${name}: the service ${rate(drawn).tokensPerSecond} tokens/s`);
      measured.push({
        model: name,
        inProcess: { ...rate(inProcess), readySeconds: round(peer.readySeconds), cpu: round(inProcess.cpu) },
        service: { ...rate(drawn), readySeconds: round(readySeconds), cores },
        ratio: round(rate(drawn).tokensPerSecond / rate(inProcess).tokensPerSecond),
        bound: boundBy(cores),
      });
    }
    return { models: measured };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

/** The engine's core is busy while it waits for the GPU, too. */
function boundBy({ apiServer = 0, worker = 0 }: Record<string, number>): string {
  if (apiServer >= FULL_CORE) return "vLLM's API server: it has one thread for all requests, and that is never idle";
  if (worker >= FULL_CORE) return 'the worker: its thread is never idle';
  return 'the engine: API server and worker have time left';
}

const rate = ({ completionTokens, seconds }: Pick<PeerGo, 'completionTokens' | 'seconds'>): Rate => ({
  tokensPerSecond: Math.round(completionTokens / seconds),
  completionTokens,
  seconds: round(seconds),
});

const round = (value: number) => Math.round(100 * value) / 100;
const rounded = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)]));
