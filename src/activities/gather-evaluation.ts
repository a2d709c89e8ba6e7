import { datasetName } from '../backends/datasets/index.ts';
import type { Store } from '../backends/storage/store.ts';
import { versions } from '../backends/versions.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import { type CriticConfig, urlsOf } from '../config/models.ts';
import { dollarsOf, type Price } from '../method/price.ts';
import { examplePrompts } from '../method/prompts/index.ts';
import type { Json } from '../report/data.ts';
import type { SupervisionReport, SupervisionStage } from '../report/supervision/data.ts';
import { type EvaluationManifest, type PassFiles, planOf, refsOf } from './evaluation-files.ts';
import { sampleAttempts } from './sample-attempts.ts';
import type { ScoredRows } from './score-rows.ts';

/** Attempts to read, of the greedy responses and of the first samples. */
const ATTEMPTS = 6;

/** Everything that the report of an evaluation shows. */
export async function gatherEvaluation(
  store: Store,
  manifest: EvaluationManifest,
  { summary, outcomes, warnings }: Omit<ScoredRows, 'scores'>,
): Promise<SupervisionReport> {
  const { config, loaded, passes } = manifest;
  return {
    run: manifest.workflowId,
    status: manifest.status,
    ...(manifest.reason !== undefined && { reason: manifest.reason }),
    startedAt: manifest.startedAt,
    updatedAt: manifest.updatedAt,
    actor: config.actor.model,
    critic: config.critic?.model ?? null,
    dataset: datasetName(config.questions),
    warnings: [...manifest.warnings, ...loaded.warnings, ...warnings],
    plan: planOf(config),
    summary,
    outcomes,
    stages: passes.flatMap((pass) => stagesOf(pass, config)),
    attempts: (await Promise.all(passes.map((pass) => attemptsOf(store, pass)))).flat(),
    artifacts: [{ name: 'questions', ...loaded.questions }, ...passes.flatMap(artifactsOf)],
    provenance: provenance(store, manifest),
  };
}

function stagesOf(
  { pass, reviewer, used, sampled, critiqued, refined }: PassFiles,
  config: EvaluateConfig,
): SupervisionStage[] {
  const files = { sample: sampled, critique: critiqued, refine: refined };
  return used.map(({ stage, seconds, tokens }) => {
    const price: Price | undefined =
      stage === 'critique' && reviewer === 'critic' ? config.critic?.price : config.actor.price;
    return {
      stage: `${pass}, ${stage}`,
      generations: refsOf(files[stage]).reduce((sum, { rows }) => sum + rows, 0),
      seconds,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
      cost: price ? dollarsOf(tokens, price) : null,
    };
  });
}

async function attemptsOf(
  store: Store,
  { pass, on, sampled, critiqued, refined }: PassFiles,
): Promise<SupervisionReport['attempts']> {
  if (on === 'chain') return [];
  const refs = [sampled, critiqued, refined].flatMap(refsOf);
  return (await sampleAttempts(store, refs, ATTEMPTS)).map((attempt) => ({ set: pass, attempt }));
}

function artifactsOf({ pass, sampled, critiqued, refined }: PassFiles): SupervisionReport['artifacts'] {
  return Object.entries({ responses: sampled, critiques: critiqued, refinements: refined }).flatMap(([name, stage]) =>
    refsOf(stage).map((ref, shard) => ({ name: `${pass}, ${name}, shard ${shard + 1}`, ...ref })),
  );
}

function provenance(
  store: Store,
  { workflowId, run, config, loaded }: EvaluationManifest,
): SupervisionReport['provenance'] {
  const hash = (name: 'actor' | 'critic', model: Pick<CriticConfig, 'endpoint'> | null): Json =>
    loaded.models[name] ?? (model?.endpoint ? `served by ${urlsOf(model.endpoint).join(', ')}` : null);
  return {
    run: { workflowId, store: store.locate(run), seed: config.seed },
    input: config as unknown as Record<string, Json>,
    hashes: {
      actor: hash('actor', config.actor),
      ...(config.critic && { critic: hash('critic', config.critic) }),
      questions: loaded.questions.sha256,
    },
    prompts: examplePrompts(config.actor, config.critic?.promptFamily) as Record<string, Json>,
    versions: versions(),
  };
}
