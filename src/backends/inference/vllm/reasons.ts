import type { FailureType } from '../../failures.ts';

/** Why vLLM did not start. */
export interface Reason {
  type: Extract<FailureType, 'EngineUnavailable' | 'EngineFailing' | 'ModelNotFound'>;
  /** What its log says, and what to do. */
  message: string;
}

interface Known {
  /** What it takes from the log becomes $1 and so on of the message. */
  pattern: RegExp;
  type: Reason['type'];
  message: string;
}

const ROOM = 'take more GPUs (--tensor-parallel-size), or a GPU that nobody else uses';

/** By vLLM 0.23's own texts; what comes first is closest to the cause. */
const KNOWN: Known[] = [
  {
    pattern:
      /(Free memory on device \S+ \([\d.]+\/[\d.]+ GiB\) on startup is less than desired GPU memory utilization \([^)]*\))/,
    type: 'EngineUnavailable',
    message: 'another process uses the GPU: $1; end that process, or lower --gpu-memory-utilization',
  },
  {
    pattern:
      /(To serve at least one request with the model's max seq len \(\d+\)), \(([\d.]+ GiB) KV cache is needed, which is larger than the available KV cache memory \(([\d.]+ GiB)\)\.(?: Based on the available memory, (the estimated maximum model length is \d+)\.)?/,
    type: 'EngineUnavailable',
    message: '$1, $2 of KV cache is needed, and $3 is there: lower --max-model-len ($4)',
  },
  {
    pattern: /(No available memory for the cache blocks)/,
    type: 'EngineUnavailable',
    message: `$1: raise --gpu-memory-utilization, or ${ROOM}`,
  },
  {
    pattern: /((?:CUDA out of memory|HIP out of memory)[^\n]*?\.)(?: |\n|$)/,
    type: 'EngineUnavailable',
    message: `$1 Lower --max-model-len or --max-num-seqs, or ${ROOM}`,
  },
  {
    pattern: /(Model architectures \[[^\]]*\]) (?:are not supported for now|failed to be inspected)/,
    type: 'ModelNotFound',
    message: '$1 are not supported by this version of vLLM',
  },
  {
    pattern: /(Cannot find any model weights with `[^`]*`)/,
    type: 'ModelNotFound',
    message: '$1',
  },
  {
    pattern: /(?:Invalid repository ID or local directory specified|Repo id must be in the form [^:]*):\s*('[^']*')/,
    type: 'ModelNotFound',
    message: '$1 is neither a folder with a config.json nor a model of the hub',
  },
  {
    pattern: /(The checkpoint you are trying to load has model type `[^`]*`) but Transformers does not recognize this/,
    type: 'ModelNotFound',
    message: '$1, which its version of transformers does not know',
  },
  {
    pattern: /(SafetensorError: [^\n]*|Following weights were not initialized from checkpoint: [^\n]{0,200})/,
    type: 'ModelNotFound',
    message: 'the weights are not whole: $1',
  },
  {
    pattern: /error: ((?:unrecognized arguments|argument |ambiguous option)[^\n]*)/,
    type: 'EngineFailing',
    message: 'it refuses CRITIQUE_LOOP_VLLM_ARGS: $1',
  },
  {
    pattern: /(VLLM_ALLOW_RUNTIME_LORA_UPDATING cannot be used with api_server_count > 1)/,
    type: 'EngineFailing',
    message: 'adapters need one API server: drop --api-server-count and --data-parallel-size ($1)',
  },
  {
    pattern: /validation errors? for \w+\s+(?:\w+\s+)?Value error, ([^\n]*?)(?:\. | \[type=|\n|$)/,
    type: 'EngineFailing',
    message: 'it refuses its configuration: $1',
  },
  {
    pattern: /(Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|no NVIDIA GPU detected)/i,
    type: 'EngineUnavailable',
    message: 'it finds no GPU ($1): look at nvidia-smi and CUDA_VISIBLE_DEVICES',
  },
  {
    pattern: /^(?:ModuleNotFoundError|ImportError): ([^\n]*)/m,
    type: 'EngineUnavailable',
    message: 'its installation is not whole: $1',
  },
];

/** Errors that only say that there was another. */
const SECONDARY = /Engine core initialization failed|WorkerProc initialization failed|See (?:root cause|stack trace)/;
/** What vLLM puts before a line: "(EngineCore pid=9) ERROR 11-29 16:40:00 [core.py:1193] ". */
const PREFIX = /^(?:\(\S+(?: \w+=\d+)*\) ?)?(?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ \S+ \[[^\]]*\] ?)?/;

/** @param how it ended */
export function reasonOf(log: string, how: string): Reason {
  const lines = log.split('\n').map((line) => line.replace(PREFIX, ''));
  const text = lines.join('\n');
  for (const { pattern, type, message } of KNOWN) {
    const found = pattern.exec(text);
    if (!found) continue;
    const said = message.replaceAll(/\$(\d)/g, (_, i) => found[Number(i)]?.trim() ?? '');
    return { type, message: said.replace(' ()', '').slice(0, 600) };
  }
  const error = lines.findLast((line) => /^(?:[\w.]+\.)?\w*(?:Error|Exception): ./.test(line) && !SECONDARY.test(line));
  const last = error ?? lines.findLast((line) => line.trim() !== '') ?? '';
  return { type: 'EngineUnavailable', message: last === '' ? how : `${how}: ${last.trim().slice(0, 300)}` };
}

/** The last thing that vLLM said, for who waits for it to start. */
export function lastWords(log: string): string {
  const lines = log.split('\n').filter((line) => /\b(?:INFO|WARNING|ERROR) /.test(line));
  return (lines.at(-1) ?? '').replace(PREFIX, '').trim().slice(0, 120);
}
