import { DEFAULT_UTILIZATION, type EngineArguments } from '../../method/gpu/serving.ts';

/** What of CRITIQUE_LOOP_VLLM_ARGS decides memory. */
export function readEngineArguments(text: string | undefined): EngineArguments {
  const words = (text ?? '').split(/[\s=]+/);
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
