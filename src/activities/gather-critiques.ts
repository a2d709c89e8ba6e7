import { datasetName } from '../backends/datasets/index.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { versions } from '../backends/versions.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import { dollarsOf, type Price, priceOf } from '../method/price.ts';
import { examplePrompts } from '../method/prompts/index.ts';
import type { CritiquesReport } from '../report/critiques/data.ts';
import type { Json } from '../report/data.ts';
import type { SupervisionStage } from '../report/supervision/data.ts';
import { type CritiqueStage, type CritiquesManifest, critiqueKeys, refsOf } from './critique-files.ts';
import type { SortedCritiques } from './sort-critiques.ts';

/** Everything that the report of a `buildCritiques` shows. */
export function gatherCritiques(store: Store, manifest: CritiquesManifest, sorted: SortedCritiques): CritiquesReport {
  const { config, loaded, status, reason } = manifest;
  const { actor, annotator, flaws, filter, minYield, questions } = config;
  const { statistics, unfinished, examples } = sorted;
  const writer = flaws.rg3?.writer;
  return {
    run: manifest.workflowId,
    status,
    ...(reason !== undefined && { reason }),
    startedAt: manifest.startedAt,
    updatedAt: manifest.updatedAt,
    actor: actor.model,
    annotator: annotator.source === 'exact' ? 'exact' : annotator.model,
    writer: writer ? (writer.source === 'exact' ? 'exact' : writer.model) : null,
    dataset: datasetName(questions),
    questions: loaded.questions.rows,
    filter,
    minYield,
    warnings: [...manifest.warnings, ...loaded.warnings],
    statistics,
    unfinished,
    stages: stagesOf(manifest),
    examples: examples.shown(),
    artifacts: artifactsOf(manifest, sorted),
    provenance: provenance(store, manifest),
  };
}

function stagesOf({ used, config, ...manifest }: CritiquesManifest): SupervisionStage[] {
  const files: Record<CritiqueStage, ArtifactRef[]> = {
    sample: refsOf(manifest.sampled),
    mistakes: refsOf(manifest.written),
    rg2: refsOf(manifest.rg2),
    rg3: refsOf(manifest.rg3),
    annotate: refsOf(manifest.critiqued),
    refine: refsOf(manifest.refined),
  };
  return used.map(({ stage, seconds, tokens }) => {
    const price = priceOfStage(config, stage);
    return {
      stage,
      generations: files[stage].reduce((sum, { rows }) => sum + rows, 0),
      seconds,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
      cost: price ? dollarsOf(tokens, price) : null,
    };
  });
}

function priceOfStage({ actor, annotator, flaws }: BuildCritiquesConfig, stage: CritiqueStage): Price | null {
  if (stage === 'annotate') return priceOf(annotator);
  if (stage === 'mistakes') return priceOf(flaws.rg3!.writer);
  return priceOf(actor);
}

function artifactsOf(manifest: CritiquesManifest, sorted: SortedCritiques): CritiquesReport['artifacts'] {
  const { datasets, exported, removed } = sorted;
  const stages = {
    responses: refsOf(manifest.sampled),
    'plans of RG3': refsOf(manifest.written),
    'RG2 paths': refsOf(manifest.rg2),
    'RG3 paths': refsOf(manifest.rg3),
    'chosen paths': manifest.paths,
    critiques: refsOf(manifest.critiqued),
    refinements: refsOf(manifest.refined),
  };
  return [
    { name: 'kept critiques', ...datasets.critiques },
    { name: 'training rows of a critic', ...datasets.critic },
    { name: 'refinement triples', ...datasets.refine },
    { name: 'training rows of self-correction', ...datasets.selfCorrection },
    ...exported.map((ref) => ({ name: 'export', ...ref })),
    ...[...(manifest.removedPaths ? [manifest.removedPaths] : []), ...removed].map((ref) => ({
      name: 'removed',
      ...ref,
    })),
    { name: 'questions', ...manifest.loaded.questions },
    ...Object.entries(stages).flatMap(([name, refs]) =>
      refs.map((ref, shard) => ({ name: `${name}, shard ${shard + 1}`, ...ref })),
    ),
  ];
}

function provenance(
  store: Store,
  { workflowId, run, config, loaded }: CritiquesManifest,
): CritiquesReport['provenance'] {
  return {
    run: { workflowId, store: store.locate(run), seed: config.seed, statistics: critiqueKeys(run).statistics },
    input: config as unknown as Record<string, Json>,
    hashes: { ...loaded.models, questions: loaded.questions.sha256 },
    prompts: examplePrompts(config.actor, config.critic.promptFamily) as Record<string, Json>,
    versions: versions(),
  };
}
