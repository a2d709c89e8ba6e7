import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { readTalk, smoothPrompt } from '../method/self-talk/smooth-prompt.ts';
import type { TalkRow } from '../method/self-talk/verify.ts';
import { generate } from './generations.ts';
import { impatient, patienceEnds } from './impatient.ts';
import { gradeResponses } from './oracle.ts';
import { runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface SmoothTask extends ShardTask {
  chains: ArtifactRef;
  /** The chains of this shard: from (inclusive) and to (exclusive). */
  from: number;
  to: number;
  /** After so long a model that does not answer is not asked any more. */
  patienceMinutes: number;
  oracle: OracleConfig;
}

/** Has a model make one text of each error-free chain, and grades it. */
export async function smoothTalks(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: SmoothTask,
): Promise<ShardResult> {
  const until = patienceEnds(task.patienceMinutes);
  return await runShard<TalkRow>({ store: deps.store, engine: impatient(deps.engine, until) }, task, {
    items: () => items(deps, task),
    itemOf: talkKey,
    added: (row) => row.talk!,
    isRight: (row) => row.grade!.outcome === 'correct',
    read: (row) => row.grade!.outcome,
  });
}

export const talkKey = ({ question, sample }: TalkRow): string => `${question.id}/${sample}`;

async function* items(
  { store, grader }: { store: Store; grader: Grader },
  task: SmoothTask,
): AsyncIterable<ShardItem<TalkRow>> {
  const { temperature } = task.model.config;
  let index = 0;
  for await (const row of readRows<TalkRow>(store, task.chains)) {
    const inShard = index >= task.from && index < task.to;
    index++;
    if (!inShard || row.chain.end !== 'error-free') continue;
    const key = talkKey(row);
    yield {
      key,
      generate: async (ask) => {
        const { question, chain } = row;
        const prompt = smoothPrompt(question, chain);
        const [written] = await generate(ask, task, key, { prompt, n: 1, temperature });
        const talk = { ...written!, text: readTalk(written!.text) };
        const { oracle } = task;
        const [grade] = await gradeResponses(grader, { question, responses: [talk], oracle }, ask.signal);
        return [{ ...row, talk, grade: grade! }];
      },
    };
  }
}
