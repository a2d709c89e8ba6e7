import { type ArtifactRef, readAllRows, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import { startCriticData } from '../method/critic-data.ts';
import { diversityOf } from '../method/diversity.ts';
import { startExploration } from '../method/exploration.ts';
import { seedFor } from '../method/random.ts';
import type { Attempt, Question, RefinementTriple } from '../method/rows.ts';
import { startSelection } from '../method/select.ts';
import type { SftRow, TrainingRow } from '../method/sft.ts';
import { withHeartbeat } from './heartbeat.ts';
import { writeIterationFile } from './iteration-files.ts';
import type { Datasets } from './load-datasets.ts';

/** What an exploration wrote; the lists of a stage that was not reached are empty. */
export interface Exploration {
  sampled: ArtifactRef[];
  critiqued: ArtifactRef[];
  refined: ArtifactRef[];
}

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
  let read = 0;
  async function each<Row>(refs: (ArtifactRef | null)[], use: (row: Row) => void): Promise<void> {
    for await (const row of readAllRows<Row>(
      store,
      refs.filter((ref) => ref !== null),
    )) {
      read++;
      use(row);
    }
  }

  return await withHeartbeat(
    () => ({ rows: read }),
    async () => {
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
      await each<Question>([datasets.reason], (question) => selection.question(question));
      await each<RefinementTriple>([datasets.refine], (triple) => selection.triple(triple));
      await each<SftRow>(task.previous, (row) => selection.previous(row));
      await each<Attempt>(exploration?.sampled ?? [], (row) => {
        selection.response(row);
        explored.response(row);
      });
      await each<Attempt>(exploration?.critiqued ?? [], (row) => explored.critique(row));
      await each<Attempt>(exploration?.refined ?? [], (row) => {
        selection.refinement(row);
        explored.refinement(row);
        criticData?.refinement(row);
      });

      const { rows, counts, removed } = selection.finish();
      const sft = await writeRows(store, `${folder}/sft.jsonl`, rows);
      await writeRows(store, `${folder}/removed.jsonl`, removed);
      const learnt = criticData?.finish() ?? null;
      const critic = learnt && (await writeCriticRows(learnt.rows));
      const summary = exploration && explored.summary();
      await writeIterationFile(store, run, iteration, 'selection', {
        counts,
        exploration: summary,
        diversity: summary && diversityOf(counts, summary),
        criticData: learnt?.counts ?? null,
      });
      return { sft, accepted: counts.accepted, critic };
    },
  );

  async function writeCriticRows(rows: Iterable<TrainingRow>): Promise<CriticRows> {
    const selfTraining = await writeRows(store, `${folder}/critic-sft.jsonl`, rows);
    if (!config.critic?.retrain) return { selfTraining, training: null };
    const all = readAllRows<TrainingRow>(store, [...(datasets.critique ? [datasets.critique] : []), selfTraining]);
    const training = await writeRows(store, `${folder}/critic-training.jsonl`, all);
    return { selfTraining, training: training.rows > 0 ? training : null };
  }
}
