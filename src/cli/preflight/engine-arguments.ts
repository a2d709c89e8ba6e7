import { numberIn } from '../../backends/inference/vllm/command.ts';
import { DEFAULT_UTILIZATION, type EngineArguments } from '../../method/gpu/serving.ts';

/** What of vLLM's arguments decides memory. */
export const readEngineArguments = (args: readonly string[]): EngineArguments => ({
  tensorParallel: numberIn(args, '--tensor-parallel-size', '-tp') ?? 1,
  utilization: numberIn(args, '--gpu-memory-utilization') ?? DEFAULT_UTILIZATION,
  maxModelLen: numberIn(args, '--max-model-len'),
  maxNumSeqs: numberIn(args, '--max-num-seqs'),
});
