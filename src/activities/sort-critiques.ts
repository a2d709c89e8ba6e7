import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import { RowWriter } from '../backends/storage/row-writer.ts';
import type { Store } from '../backends/storage/store.ts';
import type { PathRow } from '../method/critiques/choose-paths.ts';
import { type AnnotatedRow, type CritiqueRow, critiqueRowOf, tripleOf } from '../method/critiques/dataset-row.ts';
import { EXPORTS, type ExportFormat, exportRow } from '../method/critiques/exports.ts';
import { type Filtered, filterOf } from '../method/critiques/filter.ts';
import { filterRemoval, type Removal } from '../method/critiques/removals.ts';
import { type CritiqueStatistics, startStatistics } from '../method/critiques/statistics.ts';
import { isRefined } from '../method/gates.ts';
import { type Attempt, type RefinementTriple, rowKey } from '../method/rows.ts';
import { critiqueRow, refineRow, type TrainingRow } from '../method/sft.ts';
import type { RemovedPath } from './choose-paths.ts';
import { Examples } from './critique-examples.ts';
import { type CritiquesManifest, critiqueKeys } from './critique-files.ts';
import { Follower } from './follower.ts';
import type { CritiqueDatasets } from './write-critiques.ts';

/** What the rows of a run come to. */
export interface SortedCritiques {
  statistics: CritiqueStatistics;
  datasets: CritiqueDatasets;
  /** The released rows, as they are and in other trainers' formats. */
  exported: ArtifactRef[];
  removed: ArtifactRef[];
  /** Critiques that the run ended before filtering: neither kept nor removed. */
  unfinished: number;
  examples: Examples;
}

type RemovedCritique = Removal & { row: AnnotatedRow; filtered?: Filtered };

/** Reads everything that a run annotated, keeps what helps, and writes each row to where it belongs. The same rows give the same files. */
export async function sortCritiques(
  store: Store,
  manifest: CritiquesManifest,
  progress: { rows: number },
): Promise<SortedCritiques> {
  const { run, config, critiqued, refined } = manifest;
  const keys = critiqueKeys(run);
  const { filter, actor, critic } = config;
  const statistics = startStatistics({ refinements: filter?.refinements ?? 0 });
  const judge = filterOf({ k: filter?.keep ?? 0 });
  const examples = new Examples();
  const out = {
    annotation: new RowWriter<RemovedCritique>(store, keys.removed.annotation),
    filter: new RowWriter<RemovedCritique>(store, keys.removed.filter),
    critiques: new RowWriter<CritiqueRow>(store, keys.critiques),
    critic: new RowWriter<TrainingRow>(store, keys.criticSft),
    refine: new RowWriter<RefinementTriple>(store, keys.refine),
    selfCorrection: new RowWriter<TrainingRow>(store, keys.selfCorrectionSft),
  };
  const formats = Object.keys(EXPORTS) as ExportFormat[];
  const exports = formats.map((format) => new RowWriter<object>(store, `${keys.exported}/${format}.jsonl`));
  const released = new RowWriter<CritiqueRow>(store, `${keys.exported}/critiques.jsonl`);
  let unfinished = 0;

  async function keep(row: AnnotatedRow, refinements: Attempt[], filtered: Filtered): Promise<void> {
    const { question, response, critique } = row;
    const kept = critiqueRowOf(row, refinements, filtered);
    await out.critiques.add(kept);
    await released.add(kept);
    for (const [i, format] of formats.entries()) await exports[i]!.add(exportRow(format, critic.promptFamily, kept));
    await out.critic.add(critiqueRow(critic.promptFamily, question, response.text, critique.text));
    await out.selfCorrection.add(critiqueRow(actor.promptFamily, question, response.text, critique.text));
    const triple = tripleOf(row, refinements);
    if (triple) {
      await out.refine.add(triple);
      await out.selfCorrection.add(refineRow(actor.promptFamily, 'feedback', triple));
    }
    examples.keep(refinements[0] ?? row);
  }

  async function sort(row: AnnotatedRow, refinements: Attempt[] | null): Promise<void> {
    progress.rows++;
    statistics.annotation(row);
    const { problem } = row.critique.annotation;
    if (problem !== null) {
      const removal = { stage: 'annotation', reason: problem } as const;
      examples.remove(removal, row);
      await out.annotation.add({ ...removal, row });
    } else if (refinements === null) unfinished++;
    else {
      const filtered = judge(refinements);
      statistics.filtered(row, filtered);
      const reason = filterRemoval(filtered);
      if (reason === null) return await keep(row, refinements, filtered);
      const removal = { stage: 'filter', reason } as const;
      examples.remove(removal, refinements[0] ?? row);
      await out.filter.add({ ...removal, row, filtered });
    }
  }

  for (const ref of manifest.paths) for await (const row of readRows<PathRow>(store, ref)) statistics.path(row, null);
  if (manifest.removedPaths)
    for await (const removed of readRows<RemovedPath>(store, manifest.removedPaths)) {
      progress.rows++;
      if (removed.reason === 'no-mistake') statistics.withoutMistake(removed.row);
      else {
        statistics.path(removed.row, removed.reason);
        examples.remove(removed, removed.row);
      }
    }
  for (const [shard, { artifact }] of (critiqued ?? []).entries()) {
    const made = refined?.[shard];
    const refinements = made && new Follower(readRows<Attempt>(store, made.artifact), critiqueKey);
    for await (const row of readRows<AnnotatedRow>(store, artifact)) {
      if (!filter) await sort(row, []);
      else if (!isRefined(row, ['always'])) await sort(row, made ? [] : null);
      else {
        const found = refinements ? await refinements.take(rowKey(row)) : [];
        const isWhole = made !== undefined && !made.partial;
        await sort(row, found.length > 0 || isWhole ? found : null);
      }
    }
    await refinements?.end();
  }

  const close = async <Row>(writer: RowWriter<Row>) => await writer.close();
  return {
    statistics: statistics.summary(),
    datasets: {
      critiques: await close(out.critiques),
      critic: await close(out.critic),
      refine: await close(out.refine),
      selfCorrection: await close(out.selfCorrection),
    },
    exported: await Promise.all([close(released), ...exports.map(close)]),
    removed: [await close(out.annotation), await close(out.filter)],
    unfinished,
    examples,
  };
}

/** Of the critique that a refinement was written with. */
const critiqueKey = ({ refinement: _, ...row }: Attempt): string => rowKey(row);
