import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import { RowWriter } from '../backends/storage/row-writer.ts';
import type { Store } from '../backends/storage/store.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import { type ChoiceOptions, type PathRow, sampledPath, startChoice } from '../method/critiques/choose-paths.ts';
import { plantedStep } from '../method/critiques/mistake-prompt.ts';
import type { PathPlan } from '../method/critiques/plan-paths.ts';
import type { PathRemoval } from '../method/critiques/removals.ts';
import type { Attempt } from '../method/rows.ts';
import { critiqueKeys } from './critique-files.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface ChooseTask {
  run: string;
  config: BuildCritiquesConfig;
  /** Graded responses, and what was continued: each by shards of the same questions. */
  sampled: ArtifactRef[];
  rg2: ArtifactRef[];
  rg3: ArtifactRef[];
  /** The plans of RG3, with their mistakes. */
  written: ArtifactRef[];
}

export interface ChosenPaths {
  /** One for each shard of the responses. */
  paths: ArtifactRef[];
  removed: ArtifactRef;
}

/** A candidate that is not annotated, or the plan of one that never was. */
export type RemovedPath = { stage: 'path' } & (
  | { reason: 'no-mistake'; row: PathPlan }
  | { reason: Exclude<PathRemoval, 'no-mistake'>; row: PathRow }
);

/** Chooses what is annotated of all that went wrong, and of what is right, and says of everything else why not. */
export async function choosePaths({ store }: { store: Store }, task: ChooseTask): Promise<ChosenPaths> {
  const { run, config, sampled } = task;
  const shards = sampled.map((_, shard) => candidates(store, task, shard));
  let read = 0;
  return await withHeartbeat(
    () => ({ rows: read }),
    async () => {
      const choice = startChoice(optionsOf(config));
      for (const shard of shards)
        for await (const row of shard()) {
          read++;
          choice.add(row);
        }
      const whyNot = choice.finish();
      const removed = new RowWriter<RemovedPath>(store, critiqueKeys(run).removed.path);
      const reasons = new Map<string, number>();
      const remove = async (row: RemovedPath) => {
        reasons.set(row.reason, (reasons.get(row.reason) ?? 0) + 1);
        await removed.add(row);
      };
      const paths: ArtifactRef[] = [];
      for (const [shard, rows] of shards.entries()) {
        const chosen = new RowWriter<PathRow>(store, `${run}/paths/shard-${String(shard).padStart(3, '0')}.jsonl`);
        const numbers = new Map<string, number>();
        for await (const row of rows()) {
          read++;
          const reason = whyNot(row);
          if (reason !== null) {
            await remove({ stage: 'path', reason, row } as RemovedPath);
            continue;
          }
          // Samples of different strategies have the same numbers.
          const sample = numbers.get(row.question.id) ?? 0;
          numbers.set(row.question.id, sample + 1);
          await chosen.add({ ...row, sample });
        }
        paths.push(await chosen.close());
      }
      for (const ref of task.written)
        for await (const row of readRows<PathPlan>(store, ref))
          if (plantedStep(row) === null) await remove({ stage: 'path', reason: 'no-mistake', row });
      const ref = await removed.close();
      if (paths.every(({ rows }) => rows === 0)) throw nothingChosen(reasons);
      return { paths, removed: ref };
    },
  );
}

function optionsOf({ flaws, samples, rightShare, mix, paths, seed }: BuildCritiquesConfig): ChoiceOptions {
  return {
    perQuestion: {
      RG1: flaws.rg1?.perQuestion ?? 0,
      RG2: flaws.rg2?.perQuestion ?? 0,
      RG3: flaws.rg3?.perQuestion ?? 0,
      right: samples,
    },
    rightShare,
    ...(mix && { mix }),
    ...(paths !== undefined && { paths }),
    seed,
  };
}

/** Everything that the questions of a shard have, in an order of its own. */
const candidates = (store: Store, { config, sampled, rg2, rg3 }: ChooseTask, shard: number) =>
  async function* (): AsyncIterable<PathRow> {
    for await (const row of readRows<Attempt>(store, sampled[shard]!))
      yield { ...row, path: sampledPath(row.grade.outcome, config.temperature) };
    for (const continued of [rg2[shard], rg3[shard]]) if (continued) yield* readRows<PathRow>(store, continued);
  };

function nothingChosen(reasons: Map<string, number>): Failure {
  const counts = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} ${reason}`);
  return new Failure('NoRows', `there is no path to annotate: ${counts.join(', ') || 'nothing was sampled'}`);
}
