import type { Weights } from './weights.ts';

/** How this worker runs vLLM. */
export interface VllmConfig {
  /** Program and first arguments: `vllm`, or `python3 -m vllm.entrypoints.cli.main`. */
  command: readonly string[];
  /** Further arguments of `serve`. */
  args: readonly string[];
  /** Folder of a checkpoint to start with at once. */
  model?: string | undefined;
}

/** vLLM's own number for GPUs of 70 GiB or more. On smaller ones, where it takes 256, the limiter finds that more only wait. */
const MOST_SEQUENCES = 1024;

/** What engine processes are started with. Config refuses the same flags in CRITIQUE_LOOP_VLLM_ARGS. */
export function serveCommand(
  { command, args }: VllmConfig,
  { weights, port, servedName }: { weights: Weights; port: number; servedName: string },
): { argv: string[]; env: Record<string, string> } {
  const own = [
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--served-model-name', servedName],
    // Otherwise a model's generation_config.json has a say in how it is sampled.
    ...['--generation-config', 'vllm'],
    '--enable-sleep-mode',
    '--disable-uvicorn-access-log',
    ...(weights.adapter ? ['--enable-lora', '--max-lora-rank', String(weights.adapter.rank)] : []),
  ];
  return {
    argv: [...command, 'serve', weights.path, ...own, ...args],
    env: {
      // Opens /pause, /collective_rpc, /sleep and the like, which ask for no key: loopback only.
      VLLM_SERVER_DEV_MODE: '1',
      // The worker may have that of an endpoint.
      VLLM_API_KEY: '',
      ...(weights.adapter && { VLLM_ALLOW_RUNTIME_LORA_UPDATING: 'True' }),
    },
  };
}

/** The number that arguments give under one of these names, the last of several as vLLM takes it; null where there is none. */
export function numberIn(args: readonly string[], ...names: string[]): number | null {
  const words = args.flatMap((arg) => arg.split('='));
  const at = words.findLastIndex((word) => names.includes(word.replaceAll('_', '-')));
  const value = at < 0 ? Number.NaN : Number(words[at + 1]);
  return Number.isFinite(value) ? value : null;
}

/** Sequences that it decodes at a time. */
export const maxSequences = (args: readonly string[]): number => numberIn(args, '--max-num-seqs') || MOST_SEQUENCES;

/** Whether its sleep frees the GPU's memory: not where somebody has switched that off. */
export const sleeps = (args: readonly string[]): boolean =>
  !args.some((arg) => arg.replaceAll('_', '-') === '--no-enable-sleep-mode');
