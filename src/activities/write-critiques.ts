import { datasetName } from '../backends/datasets/index.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import { datasetCard } from '../method/critiques/card.ts';
import type { CritiqueCounts, CritiqueStatistics } from '../method/critiques/statistics.ts';
import type { Proportion } from '../method/estimate.ts';
import type { PathStrategy } from '../method/rows.ts';
import type { CritiquesReport } from '../report/critiques/data.ts';
import { headline } from '../report/critiques/headline.ts';
import { renderCritiques } from '../report/critiques/html.ts';
import { critiquesTable } from '../report/critiques/table.ts';
import { type CritiquesManifest, critiqueKeys } from './critique-files.ts';
import { gatherCritiques } from './gather-critiques.ts';
import { withHeartbeat } from './heartbeat.ts';
import { activityMetrics } from './metrics.ts';
import { sortCritiques } from './sort-critiques.ts';
import type { WrittenReport } from './write-report.ts';

/** What a run leaves to train on. */
export interface CritiqueDatasets {
  /** D_critique: every row with all that is known about it. */
  critiques: ArtifactRef;
  /** To train a critic on. */
  critic: ArtifactRef;
  /** D_refine: critiques that helped, with the refinement. */
  refine: ArtifactRef;
  /** To train one model on that critiques and refines what it wrote. */
  selfCorrection: ArtifactRef;
}

export interface WrittenCritiques extends WrittenReport {
  /** What came out, in plain words. */
  headline: string[];
  kept: number;
  annotated: number;
  yield: Proportion;
  byStrategy: ({ strategy: PathStrategy } & CritiqueCounts)[];
  /** How many rows were removed, by stage and reason: `annotation/leak`. */
  removed: Record<string, number>;
  datasets: CritiqueDatasets;
  /** Why too few are kept; null where they are enough, or the run did not get to its end. */
  tooFew: string | null;
}

/** Filters the critiques by what refinements made of them, and writes the datasets, the statistics and the report. */
export async function writeCritiques(
  { store }: { store: Store },
  manifest: CritiquesManifest,
): Promise<WrittenCritiques> {
  const { run, config } = manifest;
  const keys = critiqueKeys(run);
  const progress = { rows: 0 };
  return await withHeartbeat(
    () => progress,
    async () => {
      const sorted = await sortCritiques(store, manifest, progress);
      const { statistics, datasets } = sorted;
      await writeJson(store, keys.statistics, statistics);
      await store.write(`${keys.exported}/README.md`, [cardOf(manifest, statistics)]);
      const tooFew =
        manifest.status === 'completed' ? whyTooFew(config, statistics, store.locate(`${run}/removed`)) : null;
      const ended: CritiquesManifest = tooFew === null ? manifest : { ...manifest, status: 'failed', reason: tooFew };
      const report: CritiquesReport = gatherCritiques(store, ended, sorted);
      await writeJson(store, keys.manifest, ended);
      await writeJson(store, keys.json, report);
      await store.write(keys.html, [await renderCritiques(report)]);
      const { total, byStrategy, removed } = statistics;
      tell(statistics);
      return {
        path: store.locate(keys.html),
        table: critiquesTable(report),
        headline: headline(report),
        kept: total.kept,
        annotated: total.annotated,
        yield: total.yield,
        byStrategy,
        removed: Object.fromEntries(removed.map(({ stage, reason, count }) => [`${stage}/${reason}`, count])),
        datasets,
        tooFew,
      };
    },
  );
}

function tell({ total, removed }: CritiqueStatistics): void {
  const metrics = activityMetrics();
  metrics.add('critique_loop_accepted', total.kept, { kind: 'critique' });
  for (const { stage: step, reason, count } of removed) metrics.add('critique_loop_rejected', count, { step, reason });
}

/** What a stage that ends with too little says: how much, and what took the rest. */
function whyTooFew({ minYield }: BuildCritiquesConfig, statistics: CritiqueStatistics, folder: string): string | null {
  const { total, removed } = statistics;
  if (total.kept > 0 && total.kept >= minYield * total.annotated) return null;
  const reasons = removed
    .filter(({ stage }) => stage !== 'path')
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ reason, count }) => `${count} ${reason}`);
  return (
    `annotation and filter kept ${total.kept} of ${total.annotated} critiques, fewer than minYield (${minYield}) asks for, or none; ` +
    `most were removed as ${reasons.join(', ')}; every removed row is in ${folder} with its reason`
  );
}

function cardOf({ workflowId, config }: CritiquesManifest, statistics: CritiqueStatistics): string {
  const { actor, annotator, flaws, filter, questions, seed } = config;
  const writer = flaws.rg3?.writer;
  return datasetCard({
    name: workflowId,
    questions: 'split' in questions ? `${datasetName(questions)}, ${questions.split}` : datasetName(questions),
    actor: actor.model,
    annotator: annotator.source === 'exact' ? 'exact' : annotator.model,
    mistakeWriter: writer ? (writer.source === 'exact' ? 'exact' : writer.model) : null,
    filter,
    seed,
    sources: [{ name: datasetName(questions), licence: LICENCES[questions.source] ?? 'see its source' }],
    files: [
      { config: 'critiques', path: 'critiques.jsonl' },
      { config: 'messages', path: 'messages.jsonl' },
      { config: 'sharegpt', path: 'sharegpt.jsonl' },
      { config: 'alpaca', path: 'alpaca.jsonl' },
    ],
    statistics,
  });
}

const LICENCES: Partial<Record<BuildCritiquesConfig['questions']['source'], string>> = {
  arithmetic: 'made by critique-loop, under its licence',
  gsm8k: 'MIT',
  math: 'MIT',
};
