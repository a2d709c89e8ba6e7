import type { Device, Gpus } from './device.ts';
import { defaultSequences, type EngineArguments, servingMemory } from './serving.ts';
import { kvBytesPerToken, type ModelShape } from './shape.ts';
import type { Generation, Work } from './work.ts';

/** Of all GPUs together, in hours. */
export interface GpuHours {
  generation: number;
  training: number;
  /** Starts of vLLM and of the trainer, while which no GPU works. */
  starts: number;
  total: number;
  /** Completion tokens a second that it was counted with, of all GPUs together, and tokens. */
  tokensPerSecond: number;
  completionTokens: number;
  promptTokens: number;
  trainedTokens: number;
}

/** Share of the roofline (the slower of arithmetic and memory) that decoding reaches. */
export const DECODING = 0.5;
/** Share of the arithmetic that reading prompts reaches, and training. */
export const PREFILL = 0.5;
export const TRAINING = 0.35;
/** What one server of vLLM sends at most, whatever the model: 36,000 to 41,000 measured with one of 27 million parameters on an H200. */
export const SERVER_TOKENS_PER_SECOND = 38_000;
/** Seconds of each fine-tune beside its steps (imports, loading, writing, the checkpoint's reload), and of each start of vLLM. */
export const FINE_TUNE_START = 180;
export const ENGINE_START = 90;

export interface Machine {
  gpus: Gpus;
  device: Device;
  engine: EngineArguments;
}

export interface Models {
  actor: ModelShape;
  critic: ModelShape | null;
}

/**
 * @param how.processes GPUs that share a fine-tune
 * @param how.isAdapter whether only an adapter is learnt
 * @param how.tokensPerSecond completion tokens a second of all GPUs together, where they were measured
 */
export function gpuHours(
  work: Work,
  models: Models,
  machine: Machine,
  how: { processes: number; isAdapter: boolean; tokensPerSecond: number | null },
): GpuHours {
  const { count } = machine.gpus;
  let generating = 0;
  let completionTokens = 0;
  let promptTokens = 0;
  for (const generation of work.generations) {
    const shape = generation.model === 'critic' ? models.critic! : models.actor;
    generating += secondsOf(generation, shape, machine);
    completionTokens += generation.texts * generation.textTokens;
    promptTokens += generation.prompts * generation.promptTokens;
  }
  if (how.tokensPerSecond !== null) generating = completionTokens / how.tokensPerSecond;
  const trainedTokens = work.fineTunes.reduce((sum, tokens) => sum + tokens, 0);
  // 6 a weight and token (Kaplan et al. 2020), 2 more where the forward pass is made twice; an adapter has no gradients of the weights.
  const flops = (how.isAdapter ? 6 : 8) * models.actor.parameters * trainedTokens;
  const trainers = Math.min(how.processes, count);
  const trainingSeconds = flops / (TRAINING * machine.device.tflops * 1e12 * trainers);
  const starts = work.fineTunes.length * FINE_TUNE_START + (models.critic ? 2 : 1) * ENGINE_START;
  const hours = (seconds: number) => (count * seconds) / 3600;
  return {
    generation: hours(generating),
    training: hours(trainingSeconds),
    starts: hours(starts),
    total: hours(generating + trainingSeconds + starts),
    tokensPerSecond: generating > 0 ? completionTokens / generating : 0,
    completionTokens,
    promptTokens,
    trainedTokens,
  };
}

/** Wall-clock seconds, with a server on each GPU or group of them. */
function secondsOf(generation: Generation, shape: ModelShape, { gpus, device, engine }: Machine): number {
  const { tensorParallel } = engine;
  const servers = Math.max(1, Math.floor(gpus.count / tensorParallel));
  const { prompts, promptTokens, texts, textTokens } = generation;
  if (texts === 0) return 0;
  const flops = tensorParallel * device.tflops * 1e12;
  const bandwidth = tensorParallel * device.bandwidth * 1e12;
  const held = promptTokens + textTokens / 2;
  const room = servingMemory(shape, gpus, engine).tokens / (promptTokens + textTokens);
  const sequences = Math.max(1, Math.min(engine.maxNumSeqs ?? defaultSequences(gpus), room, texts / servers));
  const read = shape.weightBytes + sequences * held * kvBytesPerToken(shape);
  const step = Math.max(read / bandwidth, (2 * shape.parameters * sequences) / flops) / DECODING;
  const decoding = texts * textTokens * Math.max(step / sequences, 1 / SERVER_TOKENS_PER_SECOND);
  const reading = (2 * shape.parameters * prompts * promptTokens) / (PREFILL * flops);
  return (decoding + reading) / servers;
}
