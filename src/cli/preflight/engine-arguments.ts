import { DEFAULT_UTILIZATION, type EngineArguments } from '../../method/gpu/serving.ts';

/** What of vLLM's arguments decides memory. */
export function readEngineArguments(args: readonly string[]): EngineArguments {
  const words = args.flatMap((arg) => arg.split('='));
  const find = (...names: string[]): number | null => {
    const at = words.findLastIndex((word) => names.includes(word.replaceAll('_', '-')));
    const value = at < 0 ? Number.NaN : Number(words[at + 1]);
    return Number.isFinite(value) ? value : null;
  };
  return {
    tensorParallel: find('--tensor-parallel-size', '-tp') ?? 1,
    utilization: find('--gpu-memory-utilization') ?? DEFAULT_UTILIZATION,
    maxModelLen: find('--max-model-len'),
    maxNumSeqs: find('--max-num-seqs'),
  };
}
