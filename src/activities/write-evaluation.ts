import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { type CriticQuality, criticQuality } from '../method/supervision/critic-quality.ts';
import { supervisionCsv } from '../report/supervision/csv.ts';
import type { SupervisionReport } from '../report/supervision/data.ts';
import { headline } from '../report/supervision/headline.ts';
import { renderSupervision } from '../report/supervision/html.ts';
import { type StrategyOutcome, strategyOutcomes } from '../report/supervision/outcomes.ts';
import { supervisionTable } from '../report/supervision/table.ts';
import { type EvaluationManifest, evaluationKeys } from './evaluation-files.ts';
import { gatherEvaluation } from './gather-evaluation.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ScoredRows } from './score-rows.ts';
import type { WrittenReport } from './write-report.ts';

export interface WrittenEvaluation extends WrittenReport {
  /** What came out, in plain words. */
  headline: string[];
  /** The strategies of the table, with everything that each was compared with. */
  strategies: StrategyOutcome[];
  /** Greedy, response only; null where nothing was measured. */
  accuracy: number | null;
  critic: CriticQuality | null;
}

/** Writes an evaluation's report from its manifest and what `scoreVotes` left: HTML, CSV and JSON. */
export async function writeEvaluation(
  deps: { store: Store },
  manifest: EvaluationManifest,
): Promise<WrittenEvaluation> {
  return await withHeartbeat(
    () => ({ report: manifest.run }),
    async () => {
      const scored = await readJson<Omit<ScoredRows, 'scores'>>(deps.store, evaluationKeys(manifest.run).summary);
      return await renderEvaluation(deps.store, manifest, scored!);
    },
  );
}

/** The same where nobody waits for heartbeats. */
export async function renderEvaluation(
  store: Store,
  manifest: EvaluationManifest,
  scored: Omit<ScoredRows, 'scores'>,
): Promise<WrittenEvaluation> {
  const keys = evaluationKeys(manifest.run);
  const report: SupervisionReport = await gatherEvaluation(store, manifest, scored);
  await writeJson(store, keys.manifest, manifest);
  await writeJson(store, keys.json, report);
  await store.write(keys.csv, [supervisionCsv(report)]);
  await store.write(keys.html, [await renderSupervision(report)]);
  const greedy = report.summary.measures.find(({ method, reviewer }) => method === 'greedy' && reviewer === null);
  return {
    path: store.locate(keys.html),
    table: supervisionTable(report),
    headline: headline(report),
    strategies: strategyOutcomes(report.summary, report.plan.reviewed),
    accuracy: greedy?.score.value ?? null,
    critic: criticQuality(report.summary),
  };
}
