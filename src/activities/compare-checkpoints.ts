import { readJson, writeJson } from '../backends/storage/json.ts';
import { runFolder } from '../backends/storage/runs.ts';
import type { Store } from '../backends/storage/store.ts';
import type { Mean } from '../method/estimate/mean.ts';
import type { Difference } from '../method/estimate.ts';
import { compareEvaluations } from '../method/evaluation.ts';
import { agrees, type CriticQuality, criticQuality, isRight } from '../method/supervision/critic-quality.ts';
import { evaluationKeys, readScores } from './evaluation-files.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ScoredRows } from './score-rows.ts';

/** One of the two: a finished run of `evaluate`. */
interface Evaluated {
  model: string;
  workflowId: string;
}

export interface ComparisonTask {
  /** Folder of the fine-tune in the store. */
  run: string;
  role: 'actor' | 'critic';
  candidate: Evaluated;
  against: Evaluated;
}

export interface MeasuredCheckpoint extends Evaluated {
  /** Accuracy of an actor's greedy responses; discriminability of a critic. */
  score: Mean;
  /** null for an actor. */
  critic: CriticQuality | null;
}

/** A new checkpoint beside the one that it would replace. */
export interface CheckpointComparison {
  measure: 'accuracy' | 'discriminability';
  candidate: MeasuredCheckpoint;
  against: MeasuredCheckpoint;
  /**
   * Candidate minus the other, paired by question: of right responses, or of verdicts that agree with the oracle, where a critique without
   * a verdict does not.
   */
  difference: Difference;
}

/** Pairs two evaluations on the same questions, which say what their checkpoints are worth. */
export async function compareCheckpoints(
  { store }: { store: Store },
  { run, role, candidate, against }: ComparisonTask,
): Promise<CheckpointComparison> {
  return await withHeartbeat(
    () => ({ comparing: run }),
    async () => {
      const comparison: CheckpointComparison = {
        measure: role === 'actor' ? 'accuracy' : 'discriminability',
        candidate: await measured(candidate),
        against: await measured(against),
        difference: compareEvaluations(await outcomes(against), await outcomes(candidate)),
      };
      await writeJson(store, `${run}/comparison.json`, comparison);
      return comparison;
    },
  );

  async function measured(evaluated: Evaluated): Promise<MeasuredCheckpoint> {
    const { summary } = (await readJson<Omit<ScoredRows, 'scores'>>(
      store,
      evaluationKeys(runFolder(evaluated.workflowId)).summary,
    ))!;
    const critic = role === 'critic' ? criticQuality(summary) : null;
    const greedy = summary.measures.find(({ method, reviewer }) => method === 'greedy' && reviewer === null);
    return { ...evaluated, score: critic?.discriminability ?? greedy!.score, critic };
  }

  async function outcomes(evaluated: Evaluated): Promise<{ id: string; right: boolean | null }[]> {
    const outcomeOf = role === 'critic' ? agrees : isRight;
    const outcomes = [];
    for await (const scored of readScores(store, runFolder(evaluated.workflowId)))
      outcomes.push({ id: scored.id, right: outcomeOf(scored) });
    return outcomes;
  }
}
