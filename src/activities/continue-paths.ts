import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { plantedStep } from '../method/critiques/mistake-prompt.ts';
import type { PathPlan } from '../method/critiques/plan-paths.ts';
import { begin, PROMPT_FAMILIES } from '../method/prompts/index.ts';
import type { Attempt } from '../method/rows.ts';
import { generate } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface ContinueTask extends ShardTask {
  /** Of one strategy; those of RG3 with their mistakes. */
  plans: ArtifactRef;
  /** Continuations of each plan. */
  tries: number;
  temperature: number;
  oracle: OracleConfig;
}

/** Has the actor go on from where each plan makes it go wrong, and grades the whole. */
export async function continuePaths(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: ContinueTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: () => items(deps, task),
    itemOf: ({ question, sample }) => `${question.id}/${Math.floor(sample / task.tries)}`,
    added: (row) => row.response,
    isRight: isRightAttempt,
    read: (row) => row.grade.outcome,
  });
}

async function* items(
  { store, grader }: { store: Store; grader: Grader },
  task: ContinueTask,
): AsyncIterable<ShardItem> {
  const { solve } = PROMPT_FAMILIES[task.model.config.promptFamily];
  const { tries: n, temperature, oracle } = task;
  for await (const plan of readRows<PathPlan>(store, task.plans)) {
    const begun = begunBy(plan);
    if (begun === null) continue;
    const { question, strategy, errorStep, mistake, mistakeModel, prefixSource } = plan;
    const key = `${question.id}/${plan.sample}`;
    yield {
      key,
      generate: async (ask) => {
        const prompt = begin(solve(question), begun);
        const continued = await generate(ask, task, key, { prompt, n, temperature });
        const responses = continued.map((it) => ({ ...it, text: `${begun}${it.text}` }));
        const grades = await gradeResponses(grader, { question, responses, oracle }, ask.signal);
        const path = { strategy, errorStep, mistake, mistakeModel, temperature, prefixSource };
        return responses.map(
          (response, i): Attempt => ({ question, sample: plan.sample * n + i, response, grade: grades[i]!, path }),
        );
      },
    };
  }
}

/** What the actor goes on from; null where nobody wrote the mistake that it should begin with. */
function begunBy(plan: PathPlan): string | null {
  const lines = plan.prefix === '' ? [] : [plan.prefix];
  if (plan.strategy === 'RG3') {
    const step = plantedStep(plan);
    if (step === null) return null;
    lines.push(step);
  }
  return lines.map((line) => `${line}\n`).join('');
}
