import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Servable } from '../../src/backends/inference/engine.ts';
import { VllmEngine } from '../../src/backends/inference/vllm/engine.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { temporaryFolder } from './folder.ts';

/** What goes wrong in a process that starts from now on. */
export interface VllmFaults {
  startMs?: number;
  answerMs?: number;
  start?: 'memory';
  reload?: 'nothing' | 'error';
  sleep?: 'refused';
  /** The number of the request at which it is killed. */
  crashAt?: number;
  /** Once its engine core is killed it answers nobody, and does not end. */
  hangs?: boolean;
  /** Of questions that it is asked: then half of its answers are right. */
  references?: Record<string, string>;
}

export interface VllmEvent {
  event: string;
  pid: number;
  model?: string;
  core?: number;
  path?: string;
  weights?: string;
  prompt?: string;
  seed?: number | null;
}

/** The folder of fake-vllm.mjs, with models and what its processes did. */
export class FakeVllmFolder {
  readonly folder: string;
  /** What runs it. */
  readonly command: string[];

  constructor(folder: string) {
    this.folder = folder;
    this.command = [process.execPath, join(import.meta.dirname, 'fake-vllm.mjs'), folder];
  }

  async faults(faults: VllmFaults): Promise<void> {
    await writeFile(join(this.folder, 'faults.json'), JSON.stringify(faults));
  }

  /** Weights that answer otherwise than those of any other name. */
  async model(name: string, config: object = {}): Promise<LocalModel> {
    const path = join(this.folder, name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'config.json'), JSON.stringify({ model_type: 'llama', hidden_size: 64, ...config }));
    await writeFile(join(path, 'model.safetensors'), name);
    return { config: { model: path }, checkpoint: null };
  }

  async adapter(name: string, base: string, rank = 16): Promise<LocalModel> {
    const path = join(this.folder, name);
    await mkdir(path, { recursive: true });
    const config = { base_model_name_or_path: join(this.folder, base), r: rank };
    await writeFile(join(path, 'adapter_config.json'), JSON.stringify(config));
    await writeFile(join(path, 'adapter_model.safetensors'), name);
    return { config: { model: path }, checkpoint: null };
  }

  get events(): VllmEvent[] {
    let text = '';
    try {
      text = readFileSync(join(this.folder, 'events.jsonl'), 'utf8');
    } catch {
      // Nothing has happened yet.
    }
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Names of the events, without the answers. */
  get story(): string[] {
    const told = this.events.filter(({ event }) => event !== 'answer' && event !== 'engine core');
    return told.map(({ event, model, path }) => [event, (model ?? path)?.split('/').at(-1)].filter(Boolean).join(' '));
  }
}

/** A model that is a folder. */
type LocalModel = { config: { model: string }; checkpoint: null };

/** An engine `vllm` whose vLLM is fake-vllm.mjs, run by the real supervise.py. */
export class FakeVllm extends FakeVllmFolder {
  readonly engine: VllmEngine;
  /** What it logged. */
  readonly log: string[] = [];

  private constructor(folder: string, options: Options) {
    super(folder);
    this.engine = new VllmEngine({
      store: new FolderStore(folder),
      config: { command: options.command ?? this.command, args: options.args ?? [], model: options.model },
      python: 'python3',
      folder: join(folder, 'cache'),
      gpus: { names: ['0'], locks: options.locks ?? [] },
      log: (line) => this.log.push(line),
    });
  }

  static async start(options: Options = {}): Promise<FakeVllm> {
    const vllm = new FakeVllm(await temporaryFolder(), options);
    onTestFinished(() => vllm.engine.close());
    return vllm;
  }

  /** Asks once; the text begins with the first digits of the hash of the weights. */
  async ask(
    model: Servable,
    prompt = 'Hello',
    options: { signal?: AbortSignal; temperature?: number } = {},
  ): Promise<string> {
    const { signal = new AbortController().signal, temperature = 0 } = options;
    const { client, name } = await this.engine.serve(model, signal);
    const request = { model: name, prompt, n: 1, seed: 7, temperature, maxTokens: 16, stop: [] };
    return (await client.generate(request, signal)).texts[0]!.text;
  }
}

interface Options {
  args?: string[];
  command?: string[];
  model?: string;
  locks?: string[];
}

/** Whether a process is there, and no zombie. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat !== null && !/\) Z/.test(stat);
}

/** Its guard's parent. */
export async function supervisorOf(pid: number): Promise<number> {
  const parent = async (of: number) =>
    Number((await readFile(`/proc/${of}/stat`, 'utf8')).split(') ')[1]!.split(' ')[1]);
  return await parent(await parent(pid));
}
