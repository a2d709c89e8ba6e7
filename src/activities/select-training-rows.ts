import { type ArtifactRef, readAllRows, writeRows } from '../backends/storage/artifacts.ts';
import { RowWriter } from '../backends/storage/row-writer.ts';
import type { Store } from '../backends/storage/store.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import { startCriticData } from '../method/critic-data.ts';
import { diversityOf } from '../method/diversity.ts';
import { startExploration } from '../method/exploration.ts';
import { seedFor } from '../method/random.ts';
import type { Question, RefinementTriple } from '../method/rows.ts';
import { type Chosen, type RemovedRow, type SelectionCounts, startSelection } from '../method/select.ts';
import type { SftRow, TrainingRow } from '../method/sft.ts';
import { type Exploration, exploredQuestions } from './explored-questions.ts';
import { withHeartbeat } from './heartbeat.ts';
import { writeIterationFile } from './iteration-files.ts';
import type { Datasets } from './load-datasets.ts';
import { activityMetrics } from './metrics.ts';
import { ShuffledRows } from './shuffled-rows.ts';

export interface SelectTask {
  run: string;
  iteration: number;
  config: SelfImproveConfig;
  datasets: Datasets;
  /** Null in iteration 0. */
  exploration: Exploration | null;
  /** Training rows of earlier iterations. */
  previous: ArtifactRef[];
}

export interface SelectedRows {
  /** In the trainer's format. */
  sft: ArtifactRef;
  /** Responses and refinements of this iteration among them. */
  accepted: number;
  /** null where nothing was explored, or without a critic. */
  critic: CriticRows | null;
}

export interface CriticRows {
  /** The critiques of this iteration that helped. */
  selfTraining: ArtifactRef;
  /** D_critique and these: what the critic is retrained on. null: it is not, or there are no rows. */
  training: ArtifactRef | null;
}

/** Assembles what one iteration trains on, and counts what was explored on the way. */
export async function selectTrainingRows(deps: { store: Store }, task: SelectTask): Promise<SelectedRows> {
  const { store } = deps;
  const { run, iteration, config, datasets, exploration } = task;
  const folder = `${run}/iteration-${iteration}`;
  const { selfImproveFeedback, maxPerQuestion, ...data } = config.data;
  const selection = startSelection({
    ...data,
    // Iteration 0 is D_reason and D_refine whatever the later ones train on (method.md E1).
    ...(exploration === null && { original: true, refine: true }),
    selfImproveFeedback,
    keptPerCritique: config.keptPerCritique,
    shortcutBarrier: config.shortcutBarrier,
    promptFamily: config.actor.promptFamily,
    seed: seedFor(config.seed, 'select', iteration),
    ...(maxPerQuestion !== undefined && { perQuestion: maxPerQuestion }),
  });
  const explored = startExploration();
  const criticData = exploration && config.critic ? startCriticData(config.critic.promptFamily) : null;
  let rows = 0;

  return await withHeartbeat(
    () => ({ rows }),
    async () => {
      const sft = await ShuffledRows.open(store, `${folder}/sft.jsonl`, selection, mostRows(task));
      const removed = new RowWriter<RemovedRow>(store, `${folder}/removed.jsonl`);
      const helpful = criticData && new RowWriter<TrainingRow>(store, `${folder}/critic-sft.jsonl`);

      async function keep(chosen: Chosen): Promise<void> {
        for (const row of chosen.taken) await sft.add(row);
        for (const row of chosen.removed) await removed.add(row);
      }
      async function each<Row>(refs: (ArtifactRef | null)[], choose: (row: Row) => Chosen): Promise<void> {
        for await (const row of readAllRows<Row>(
          store,
          refs.filter((ref) => ref !== null),
        )) {
          rows++;
          await keep(choose(row));
        }
      }

      try {
        await each<Question>([datasets.reason], selection.reason);
        await each<SftRow>(task.previous, selection.previous);
        await each<RefinementTriple>([datasets.refine], selection.refine);
        await each<RefinementTriple>([datasets.refine], selection.refineAgain);
        if (exploration)
          for await (const question of exploredQuestions(store, exploration)) {
            const { responses, critiques, refinements } = question;
            rows += responses.length + critiques.length + refinements.length;
            await keep(selection.explored(question));
            explored.question(question);
            for (const row of criticData?.question(question) ?? []) await helpful!.add(row);
          }
        const { counts } = selection;
        const summary = exploration && explored.summary();
        const selected = {
          sft: await sft.write(),
          accepted: counts.accepted,
          critic: helpful && (await criticRows(await helpful.close())),
        };
        await removed.close();
        tell(counts);
        await writeIterationFile(store, run, iteration, 'selection', {
          counts,
          exploration: summary,
          diversity: summary && diversityOf(counts, summary),
          criticData: criticData?.counts ?? null,
        });
        return selected;
      } finally {
        await Promise.allSettled([removed.close(), helpful?.close()]);
        await sft.close();
      }
    },
  );

  async function criticRows(selfTraining: ArtifactRef): Promise<CriticRows> {
    if (!config.critic?.retrain) return { selfTraining, training: null };
    const all = readAllRows<TrainingRow>(store, [...(datasets.critique ? [datasets.critique] : []), selfTraining]);
    const training = await writeRows(store, `${folder}/critic-training.jsonl`, all);
    return { selfTraining, training: training.rows > 0 ? training : null };
  }
}

function tell({ correct, refined, duplicates, overCap, shortcuts }: SelectionCounts): void {
  const metrics = activityMetrics();
  for (const [kind, rows] of Object.entries({ correct, refined }))
    metrics.add('critique_loop_accepted', rows, { kind });
  for (const [reason, rows] of Object.entries({ duplicate: duplicates, 'over-cap': overCap, shortcut: shortcuts }))
    metrics.add('critique_loop_rejected', rows, { step: 'selection', reason });
}

/** No selection has more. */
function mostRows({ config, datasets, exploration, previous }: SelectTask): number {
  const { beta, selfImproveFeedback } = config.data;
  const rowsOf = (refs: ArtifactRef[]) => refs.reduce((sum, { rows }) => sum + rows, 0);
  const found = exploration
    ? rowsOf(exploration.sampled) + rowsOf(exploration.refined) * (selfImproveFeedback ? 2 : 1)
    : 0;
  return datasets.reason.rows + rowsOf(previous) + Math.ceil(beta) * (datasets.refine?.rows ?? 0) + found;
}
