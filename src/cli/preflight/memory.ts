import type { TrainingConfig } from '../../config/training.ts';
import type { Gpus } from '../../method/gpu/device.ts';
import { type EngineArguments, servingMemory, servingRemedy } from '../../method/gpu/serving.ts';
import { kvBytesPerToken, type ModelShape } from '../../method/gpu/shape.ts';
import {
  type DiskUse,
  diskUse,
  fitsIn,
  type TrainingMemory,
  type TrainingPlan,
  trainingMemory,
  trainingRemedy,
} from '../../method/gpu/training.ts';
import type { Check } from './check.ts';
import type { Model, Models, Trainings } from './run-file.ts';
import type { FoundShape, Shapes } from './shapes.ts';

export interface Machine {
  gpus: Gpus;
  engine: EngineArguments;
  /** Whether the environment says that workers have vLLM. */
  isVllm: boolean;
}

/** More than the embedded engine is made for. */
const LARGE = 100e6;

/** Whether the models that workers serve themselves fit into their GPUs. */
export async function checkServing(models: Models, machine: Machine, shapes: Shapes): Promise<Check[]> {
  const own = Object.entries(models).flatMap(([field, model]) => (model && !model.endpoint ? [{ field, model }] : []));
  return await Promise.all(
    own.map(async ({ field, model }) =>
      checked(`${field}, memory`, await shapes.of(nameOf(model)), (shape) =>
        serving(`${field}, memory`, shape, 'maxTokens' in model ? model.maxTokens : 1024, machine),
      ),
    ),
  );
}

export const nameOf = (model: Model): string => ('model' in model ? model.model : model.base);

/** Prompts are a few hundred tokens; those with a critique are longer. */
const PROMPT_TOKENS = 1024;

function serving(what: string, shape: ModelShape, maxTokens: number, { gpus, engine, isVllm }: Machine): Check {
  const memory = servingMemory(shape, gpus, engine);
  const { tensorParallel, utilization } = engine;
  const sequence = Math.min(memory.longest, PROMPT_TOKENS + maxTokens);
  const on =
    tensorParallel === 1 ? `a GPU of ${gib(gpus.memory)}` : `${tensorParallel} GPUs of ${gib(gpus.memory)}, each`;
  const found = `${billions(shape.parameters)}, ${gib(memory.weights)} of weights on ${on}`;
  const notes = [
    `vLLM takes ${utilization} of it (--gpu-memory-utilization), ${gib(memory.budget)}: weights ${gib(memory.weights)}, ` +
      `CUDA, graphs and logits about ${gib(memory.other)}, KV cache ${gib(memory.kvCache)} at ${kib(kvBytesPerToken(shape))} a token`,
    ...(isVllm || shape.parameters < LARGE
      ? []
      : ['CRITIQUE_LOOP_ENGINE is not "vllm" here: it has to be where the inference worker runs']),
  ];
  if (tensorParallel > gpus.count)
    return wrong(what, `--tensor-parallel-size ${tensorParallel} in CRITIQUE_LOOP_VLLM_ARGS, of ${gpus.count} GPUs`);
  if (!memory.fits) {
    const remedy = servingRemedy(shape, gpus, engine, sequence);
    const advice = remedy ? `set CRITIQUE_LOOP_VLLM_ARGS="${remedy}"` : 'take more or larger GPUs, or a smaller model';
    const detail = `${found}: a sequence of ${memory.longest} tokens has no room beside them: ${advice}`;
    return { ...wrong(what, detail), notes };
  }
  const together = Math.floor(memory.tokens / sequence);
  return {
    what,
    ok: true,
    detail: `${found} leave a KV cache of ${thousands(memory.tokens)} tokens: ${together} sequences of ${sequence} at once`,
    notes,
  };
}

/** Whether each fine-tune fits. */
export async function checkTraining(trainings: Trainings, { gpus }: Machine, shapes: Shapes): Promise<Check[]> {
  const given = Object.entries(trainings).flatMap(([field, tuned]) => (tuned ? [{ field, ...tuned }] : []));
  return await Promise.all(
    given.map(async ({ field, base, training }) =>
      checked(`${field}, memory`, await shapes.of(base), (shape) => tuning(`${field}, memory`, shape, training, gpus)),
    ),
  );
}

/** As the reference has it. */
const ZERO_2 = 'deploy/llamafactory/zero-2.json';

/** What of a fine-tune's fields decides its memory. */
type Tuning = Pick<
  TrainingConfig,
  'batchSize' | 'gradientAccumulation' | 'maxLength' | 'processes' | 'lora' | 'deepspeed'
>;

/** Both trainers keep trained weights in float32, unless DeepSpeed does, beside a bfloat16 copy. */
export function planOf({ processes, lora, deepspeed, batchSize, maxLength }: Tuning): TrainingPlan {
  const isSharded = deepspeed !== null;
  return {
    lora: lora?.rank ?? null,
    sharding: isSharded ? 'zero-2' : 'none',
    weights: lora || isSharded ? 'bfloat16' : 'float32',
    processes,
    batchSize,
    maxLength,
  };
}

function tuning(what: string, shape: ModelShape, training: Tuning, gpus: Gpus): Check {
  const plan = planOf(training);
  const memory = trainingMemory(shape, plan);
  const tooMany = plan.processes > gpus.count;
  const found = tooMany
    ? `"processes": ${plan.processes}, of ${gpus.count} GPUs`
    : `${billions(shape.parameters)}, ${describePlan(plan)}: ${gib(memory.total)} of ${gib(gpus.memory)} on each GPU`;
  const notes = [describeMemory(memory, plan), describeDisk(diskUse(shape, plan))];
  if (!tooMany && fitsIn(memory, gpus.memory)) return { what, ok: true, detail: found, notes };
  const remedy = trainingRemedy(shape, plan, gpus);
  const advice = remedy
    ? `with ${changes(training, plan, remedy.plan)} it takes ${gib(remedy.memory.total)} of ${gib(gpus.memory)}`
    : 'take more or larger GPUs, or a smaller model';
  return { ...wrong(what, `${found}${tooMany ? '' : ' do not fit'}: ${advice}`), notes };
}

function describePlan({ lora, sharding, processes }: TrainingPlan): string {
  const what = lora === null ? 'all weights trained' : `an adapter of rank ${lora} trained`;
  const where = processes === 1 ? 'on one GPU' : `on ${processes} GPUs`;
  return `${what} ${where}${sharding === 'zero-2' && processes > 1 ? ' with ZeRO-2' : ''}`;
}

const describeMemory = ({ weights, optimizer, activations, other }: TrainingMemory, plan: TrainingPlan) =>
  `weights ${gib(weights)} (${plan.weights}), gradients and AdamW ${gib(optimizer)}, activations ${gib(activations)} where ` +
  `${plan.batchSize} rows of ${thousands(plan.maxLength)} tokens meet (batchSize, maxLength), CUDA and buffers ${gib(other)}`;

const describeDisk = ({ checkpoint, resumePoint }: DiskUse) =>
  `on disk ${gib(checkpoint)} for its checkpoint, and while it trains ${gib(resumePoint)} for each of 2 resume points (every saveSteps)`;

/** The fields of a run file that make one plan the other, at the same number of rows a step. */
function changes({ gradientAccumulation }: Tuning, from: TrainingPlan, to: TrainingPlan): string {
  const fields: string[] = [];
  const set = (name: string, value: unknown) => fields.push(`"${name}": ${JSON.stringify(value)}`);
  if (to.sharding !== from.sharding) {
    set('backend', to.sharding === 'none' ? 'trl' : 'llamafactory');
    set('deepspeed', to.sharding === 'none' ? null : ZERO_2);
  }
  if (to.lora !== from.lora) set('lora', { rank: to.lora });
  if (to.processes !== from.processes) set('processes', to.processes);
  if (to.batchSize !== from.batchSize) set('batchSize', to.batchSize);
  const rows = (plan: TrainingPlan) => plan.batchSize * plan.processes;
  const accumulation = Math.max(1, Math.round((gradientAccumulation * rows(from)) / rows(to)));
  if (accumulation !== gradientAccumulation) set('gradientAccumulation', accumulation);
  if (to.maxLength !== from.maxLength) set('maxLength', to.maxLength);
  return fields.join(', ');
}

/** A model whose memory can't be told is no reason not to start: it is said, and how to have it checked. */
function checked(what: string, { shape, reason }: FoundShape, check: (shape: ModelShape) => Check): Check {
  if (shape) return check(shape);
  return { what, ok: null, detail: `could not be checked: ${reason}` };
}

const wrong = (what: string, detail: string): Check => ({ what, ok: false, detail });
const gib = (n: number) => `${n.toFixed(1)} GiB`;
const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
const billions = (parameters: number) =>
  parameters >= 1e9
    ? `${(parameters / 1e9).toFixed(2)} billion parameters`
    : `${(parameters / 1e6).toFixed(1)} million parameters`;
const thousands = (n: number) => Math.round(n).toLocaleString('en-US');
