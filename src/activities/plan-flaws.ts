import { type Mistake, mistakenStep } from '../backends/datasets/arithmetic/index.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import { RowWriter } from '../backends/storage/row-writer.ts';
import type { Store } from '../backends/storage/store.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import { type PathPlan, type PlanCounts, planPaths } from '../method/critiques/plan-paths.ts';
import { randomFrom, seedFor } from '../method/random.ts';
import type { Attempt, Question } from '../method/rows.ts';
import { withHeartbeat } from './heartbeat.ts';
import { descriptionsOf, mistakesOf } from './mistakes.ts';

export interface PlanTask {
  run: string;
  config: BuildCritiquesConfig;
  /** Graded responses. */
  sampled: ArtifactRef[];
}

export interface PlannedFlaws {
  /** One for each shard of the responses; none where the strategy is not used. */
  rg2: ArtifactRef[];
  rg3: ArtifactRef[];
  /** Of the kinds of mistakes that are planted, by their names. */
  descriptions: Record<string, string>;
  counts: PlanCounts;
}

/** Plans where paths are to go wrong, question by question, from the right responses or the gold solution. An exact writer plants its mistakes at once. */
export async function planFlaws(deps: { store: Store }, { run, config, sampled }: PlanTask): Promise<PlannedFlaws> {
  const { store } = deps;
  const { rg2, rg3, prefixSource } = config.flaws;
  const planner = planPaths({
    rg2,
    rg3: rg3 && { perQuestion: rg3.perQuestion, mistakes: mistakesOf(rg3) },
    prefixSource,
    seed: config.seed,
  });
  const exact = rg3?.writer.source === 'exact';
  const refs: { rg2: ArtifactRef[]; rg3: ArtifactRef[] } = { rg2: [], rg3: [] };
  return await withHeartbeat(
    () => planner.counts(),
    async () => {
      for (const [shard, ref] of sampled.entries()) {
        const key = (strategy: string) => `${run}/plans/${strategy}/shard-${String(shard).padStart(3, '0')}.jsonl`;
        const writers = {
          RG2: new RowWriter<PathPlan>(store, key('rg2')),
          RG3: new RowWriter<PathPlan>(store, key('rg3')),
        };
        for await (const { question, right } of byQuestion(readRows<Attempt>(store, ref)))
          for (const plan of planner.plan(question, right)) {
            const planned = exact && plan.strategy === 'RG3' ? planted(plan, config.seed) : plan;
            await writers[plan.strategy].add(planned);
          }
        const [planned2, planned3] = await Promise.all([writers.RG2.close(), writers.RG3.close()]);
        if (rg2) refs.rg2.push(planned2);
        if (rg3) refs.rg3.push(planned3);
      }
      return { ...refs, descriptions: rg3 ? descriptionsOf(rg3) : {}, counts: planner.counts() };
    },
  );
}

/** The rows of a question stand together. */
async function* byQuestion(rows: AsyncIterable<Attempt>): AsyncIterable<{ question: Question; right: string[] }> {
  let last: { question: Question; right: string[] } | undefined;
  for await (const { question, response, grade } of rows) {
    if (last?.question.id !== question.id) {
      if (last) yield last;
      last = { question, right: [] };
    }
    if (grade.outcome === 'correct') last.right.push(response.text);
  }
  if (last) yield last;
}

/** With its mistake; without where that kind of mistake can't be made there. */
function planted(plan: PathPlan, runSeed: number): PathPlan {
  const { question, sample, mistake } = plan;
  const seed = seedFor('mistake', runSeed, question.id, sample);
  const text = mistakenStep(plan, mistake as Mistake, randomFrom(seed));
  if (text === null) return { ...plan, mistakeModel: EXACT_WRITER };
  const written = {
    text,
    finishReason: 'stop' as const,
    model: EXACT_WRITER,
    seed,
    promptTokens: 0,
    completionTokens: 0,
  };
  return { ...plan, written, mistakeModel: EXACT_WRITER };
}

const EXACT_WRITER = 'exact';
