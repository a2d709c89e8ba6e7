import type { Store } from '../../backends/storage/store.ts';
import type { QuestionsConfig } from '../../config/datasets.ts';
import type { SelfImproveConfig } from '../../config/self-improve.ts';
import { type Device, deviceOf, type Gpus } from '../../method/gpu/device.ts';
import {
  DECODING,
  ENGINE_START,
  FINE_TUNE_START,
  type GpuHours,
  gpuHours,
  PREFILL,
  SERVER_TOKENS_PER_SECOND,
  TRAINING,
} from '../../method/gpu/hours.ts';
import { EXPECTATIONS, type Expectation } from '../../method/gpu/texts.ts';
import { type RunSize, workOf } from '../../method/gpu/work.ts';
import type { Check } from './check.ts';
import { countQuestions, countTriples } from './dataset-sizes.ts';
import { type Measured, measuredBefore } from './measured.ts';
import { type Machine, nameOf, planOf } from './memory.ts';
import type { Shapes } from './shapes.ts';

const UNKNOWN_SIZE = 1000;
/** Where the run file and the environment say nothing of it. */
const SHARDS = 8;
const SHARDS_AT_ONCE = 4;

/** What a `selfImprove` run would take of its GPUs, with what the estimate rests on. Nothing where a model's size is not known. */
export async function estimateHours(
  config: SelfImproveConfig,
  { gpus, engine }: Machine,
  shapes: Shapes,
  store: Store,
): Promise<Check[]> {
  const { actor, critic } = config;
  const { shape: ofActor } = await shapes.of(actor.base);
  const ofCritic = critic && (await shapes.of(nameOf(critic))).shape;
  if (!ofActor || ofCritic === undefined) return [];
  const expectation = expectationOf(config.questions);
  const { size, notes } = await sizeOf(config);
  const { lora, processes } = planOf(config.training);
  const measured = await measuredBefore(store, actor.base, critic?.model ?? null);
  const device = deviceOf(gpus);
  const how = { processes, isAdapter: lora !== null, tokensPerSecond: measured?.tokensPerSecond ?? null };
  const hours = gpuHours(
    workOf(size, expectation),
    { actor: ofActor, critic: ofCritic },
    { gpus, device, engine },
    how,
  );
  return [
    {
      what: 'GPU hours',
      ok: true,
      detail: summary(hours, gpus, device),
      notes: [
        `generation: ${millions(hours.completionTokens)} tokens written and ${millions(hours.promptTokens)} read, ` +
          `${Math.round(hours.tokensPerSecond).toLocaleString('en-US')} written a second; ${rateNote(measured, device)}`,
        `fine-tunes: ${millions(hours.trainedTokens)} tokens in ${size.iterations + 1} of them at ${100 * TRAINING} % of ` +
          `${device.tflops} TFLOP/s, ${lora === null ? '8' : '6'} FLOP a weight and token, on ${processes} of ${gpus.count} GPUs`,
        `starts: ${FINE_TUNE_START} s beside the steps of each fine-tune, ${ENGINE_START} s for vLLM`,
        textsNote(expectation),
        ...notes,
        ...shardsNote(config, Math.floor(gpus.count / engine.tensorParallel)),
      ],
    },
  ];
}

function summary({ total, generation, training, starts }: GpuHours, { count }: Gpus, { name }: Device): string {
  const wall = total / count;
  const gpus = count === 1 ? `one ${name}` : `${count} ${name}`;
  return (
    `about ${hoursText(total)}, ${hoursText(wall)} on ${gpus}: ` +
    `generation ${hoursText(generation)}, fine-tunes ${hoursText(training)}, starts ${hoursText(starts)}`
  );
}

const rateNote = (measured: Measured | null, { name, tflops, bandwidth }: Device) =>
  measured
    ? `as measured in ${measured.run}, on the GPUs that it had`
    : `${name} taken at ${tflops} TFLOP/s and ${bandwidth} TB/s, decoding at ${100 * DECODING} % of the slower, ` +
      `reading at ${100 * PREFILL} %, a server at most ${SERVER_TOKENS_PER_SECOND.toLocaleString('en-US')} tokens/s`;

const textsNote = ({ like, sizes, wrong, helpful }: Expectation) =>
  `texts as of ${like}: ${sizes.response} tokens a response, ${sizes.critique} a critique, ${sizes.refinement} a refinement; ` +
  `${Math.round(100 * wrong)} % of responses wrong, ${Math.round(100 * helpful)} % of refinements right (the paper's 8B at iteration 0)`;

/** A worker takes several shards at once, so that where there are few of them others get none. */
function shardsNote({ shards = SHARDS }: SelfImproveConfig, workers: number): string[] {
  const wanted = Math.min(64, 2 * SHARDS_AT_ONCE * workers);
  if (workers === 1 || shards >= SHARDS_AT_ONCE * workers) return [];
  return [
    `${workers} inference workers take ${SHARDS_AT_ONCE} of ${shards} shards each: "shards": ${wanted} gives all of them some`,
  ];
}

const expectationOf = (questions: QuestionsConfig): Expectation => {
  const isMath = questions.source === 'math' || ('answers' in questions && questions.answers === 'math');
  return isMath ? EXPECTATIONS.math : EXPECTATIONS.gsm8k;
};

async function sizeOf(config: SelfImproveConfig): Promise<{ size: RunSize; notes: string[] }> {
  const notes: string[] = [];
  const known = (what: string, count: number | null) => {
    if (count === null) notes.push(`${what}: its size is not known here, taken as ${UNKNOWN_SIZE}`);
    return count ?? UNKNOWN_SIZE;
  };
  const { questions, reason, refine, test, data, critic, evaluation, training } = config;
  const size = {
    iterations: config.iterations,
    samples: config.samples,
    critiques: config.critiques,
    refinementsPerCritique: config.refinementsPerCritique,
    keptPerCritique: config.keptPerCritique,
    isVanilla: critic === null,
    pool: known('questions', await countQuestions(questions)),
    reason: known('reason', await countQuestions(reason)),
    refine: refine && data.refine ? known('refine', await countTriples(refine)) : 0,
    test: known('test', await countQuestions(test)),
    evaluatesWithCritic: evaluation.withCritic,
    refinesAll: evaluation.gate === 'always',
    learnsRefining: data.selfImproveFeedback,
    original: data.original,
    epochs: training.epochs,
    beta: data.beta,
  };
  return { size, notes };
}

const millions = (n: number) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} million` : `${Math.round(n / 1000)} thousand`);
const hoursText = (hours: number) => (hours < 1 ? `${Math.ceil(60 * hours)} min` : `${hours.toFixed(1)} h`);
