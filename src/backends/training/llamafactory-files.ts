import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../failures.ts';
import { findModel, resolveModel } from '../models.ts';
import type { TrainingJob } from './contract.ts';
import { readJson, writeWhole } from './job-folder.ts';

type Message = { role: string; content: string };
type Row = { prompt: string; completion: string } | { prompt: Message[]; completion: Message[] };

/** As the reference has it. */
const PREPROCESSING_WORKERS = 16;
const DAYS_OF_WAITING_FOR_OTHER_PROCESSES = 180_000_000;

/** Columns of rows of texts, and of rows of messages. */
const TEXTS = { formatting: 'alpaca', columns: { prompt: 'instruction', response: 'output' } };
const MESSAGES = {
  formatting: 'sharegpt',
  columns: { messages: 'messages' },
  tags: {
    role_tag: 'role',
    content_tag: 'content',
    user_tag: 'user',
    assistant_tag: 'assistant',
    system_tag: 'system',
  },
};

/** Its arguments. No other process has this path on its command line. */
export const configIn = (folder: string): string => join(folder, 'train.yaml');

/** What it reads of its environment. */
export const processEnvironment = (processes: number): Record<string, string> => ({
  // As train.py does: threads that spin while they wait are slow beside any other process.
  OMP_WAIT_POLICY: 'PASSIVE',
  GOMP_SPINCOUNT: '1000',
  ...(processes > 1 && { FORCE_TORCHRUN: '1', NPROC_PER_NODE: String(processes) }),
});

/** Writes the rows as a dataset of LLaMA-Factory's. `isText`: they are texts and no messages. */
export async function writeData(job: TrainingJob): Promise<{ folder: string; isText: boolean }> {
  const folder = join(job.output, 'data');
  await mkdir(folder, { recursive: true });
  let marks: { begin: string; end: string } | null = null;
  let isText = true;
  const convert = async function* (lines: AsyncIterable<string>) {
    for await (const line of lines) {
      const row = JSON.parse(line) as Row;
      isText = typeof row.prompt === 'string';
      if (isText && job.training.template === null) marks ??= await marksOf(job.base);
      yield `${JSON.stringify(isText ? textRow(row, marks) : { messages: [...row.prompt, ...row.completion] })}\n`;
    }
  };
  const lines = createInterface({ input: createReadStream(job.data), crlfDelay: Number.POSITIVE_INFINITY });
  await pipeline(lines, convert, createWriteStream(join(folder, 'rows.jsonl')));
  const dataset = { file_name: 'rows.jsonl', ...(isText ? TEXTS : MESSAGES) };
  await writeWhole(join(folder, 'dataset_info.json'), JSON.stringify({ rows: dataset }, null, 2));
  return { folder, isText };
}

function textRow(row: Row, marks: { begin: string; end: string } | null): { instruction: string; output: string } {
  const { prompt, completion } = row as { prompt: string; completion: string };
  if (!marks) return { instruction: prompt, output: completion };
  const output = completion.includes(marks.end) ? completion : `${completion}${marks.end}`;
  return { instruction: `${marks.begin}${prompt}`, output };
}

interface Tokenizer {
  post_processor: PostProcessor | null;
}
interface PostProcessor {
  type: string;
  processors?: PostProcessor[];
  single?: { SpecialToken?: { id: string } }[];
}

/**
 * The tokens that a tokenizer begins a text with, and the one that ends it. The template `empty` writes neither, and a served model is
 * asked with the first and stops at the other.
 */
async function marksOf(base: string): Promise<{ begin: string; end: string }> {
  const folder = findModel(base) ?? base;
  const config = await readJson<{ eos_token?: string | { content: string } }>(join(folder, 'tokenizer_config.json'));
  const eos = config?.eos_token;
  if (!eos)
    throw new Failure(
      'TrainingFailed',
      `LLaMA-Factory has to be told how texts end, and ${join(folder, 'tokenizer_config.json')} names no eos_token: give training.template, or a folder as the base`,
    );
  const tokenizer = await readJson<Tokenizer>(join(folder, 'tokenizer.json'));
  const all = [tokenizer?.post_processor].flatMap((one) => (one?.processors ? one.processors : (one ?? [])));
  const single = all.find(({ type }) => type === 'TemplateProcessing')?.single ?? [];
  const text = single.findIndex(({ SpecialToken }) => !SpecialToken);
  const begin = single.slice(0, Math.max(text, 0)).map(({ SpecialToken }) => SpecialToken!.id);
  return { begin: begin.join(''), end: typeof eos === 'string' ? eos : eos.content };
}

/** The reference's arguments (method.md C1) with the job's values; unlike it, with resume points. */
export function trainArguments(
  job: TrainingJob,
  where: { folder: string; isText: boolean; trained: string; onGpu: boolean },
): Record<string, unknown> {
  const { training } = job;
  const template = training.template ?? (where.isText ? 'empty' : null);
  return {
    stage: 'sft',
    do_train: true,
    model_name_or_path: resolveModel(job.base),
    ...(training.lora
      ? {
          finetuning_type: 'lora',
          lora_rank: training.lora.rank,
          lora_alpha: training.lora.alpha,
          lora_dropout: training.lora.dropout,
          lora_target: training.lora.targets === 'all-linear' ? 'all' : training.lora.targets.join(','),
        }
      : { finetuning_type: 'full' }),
    ...(training.deepspeed && { deepspeed: resolve(training.deepspeed) }),

    dataset: 'rows',
    dataset_dir: where.folder,
    ...(template && { template }),
    cutoff_len: training.maxLength,
    overwrite_cache: true,
    preprocessing_num_workers: Math.min(PREPROCESSING_WORKERS, availableParallelism()),
    packing: false,

    output_dir: where.trained,
    logging_steps: 1,
    disable_tqdm: true,
    save_steps: training.saveSteps,
    save_total_limit: 2,
    save_only_model: false,
    report_to: 'none',
    include_num_input_tokens_seen: true,

    per_device_train_batch_size: training.batchSize,
    gradient_accumulation_steps: training.gradientAccumulation,
    learning_rate: training.learningRate,
    num_train_epochs: training.epochs,
    lr_scheduler_type: training.scheduler,
    warmup_ratio: training.warmupRatio,
    weight_decay: training.weightDecay,
    max_grad_norm: training.maxGradNorm,
    optim: 'adamw_torch',
    bf16: where.onGpu,
    seed: job.seed,
    ddp_timeout: DAYS_OF_WAITING_FOR_OTHER_PROCESSES,
  };
}
