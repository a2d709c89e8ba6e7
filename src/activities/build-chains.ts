import { type ArtifactRef, readAllRows, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { Attempt, Generation } from '../method/rows.ts';
import { buildChain } from '../method/self-talk/chain.ts';
import type { TalkRow } from '../method/self-talk/verify.ts';
import { Follower } from './follower.ts';
import { withHeartbeat } from './heartbeat.ts';

/** Where one version of every solution is: the first as it was sampled, later ones as refinements of the version before. */
export interface VersionFiles {
  written: ArtifactRef[];
  /** The same as responses, with their critiques. */
  judged: ArtifactRef[];
}

export interface ChainTask {
  run: string;
  /** Most rewrites. */
  budget: number;
  versions: VersionFiles[];
}

/** Joins the versions of each solution into its chain, row by row: all stages keep the order of the questions. */
export async function buildChains(deps: { store: Store }, task: ChainTask): Promise<ArtifactRef> {
  const { store } = deps;
  let done = 0;
  return await withHeartbeat(
    () => ({ chains: done }),
    () => writeRows(store, `${task.run}/chains.jsonl`, rows()),
  );

  async function* rows(): AsyncIterable<TalkRow> {
    const drafts = task.versions[0]!.written;
    const versions = task.versions.map(({ written, judged }, version) => ({
      rewritten: version === 0 ? null : follow(written),
      judged: follow(judged),
    }));
    for await (const attempt of readAllRows<Attempt>(store, drafts)) {
      const key = keyOf(attempt);
      const judged: Attempt[] = [];
      /** A version that has no critique. */
      let newest: Generation | null = attempt.response;
      for (const version of versions) {
        if (version.rewritten) newest = (await version.rewritten.take(key))[0]?.refinement ?? null;
        const critiqued = newest && (await version.judged.take(key))[0];
        if (!critiqued) break;
        judged.push(critiqued);
        newest = null;
      }
      done++;
      yield {
        question: attempt.question,
        sample: attempt.sample,
        chain: buildChain(judged, newest, task.budget),
        actor: attempt.response.model,
        critic: judged[0]?.critique?.model ?? null,
      };
    }
    for (const { rewritten, judged } of versions) await Promise.all([rewritten?.end(), judged.end()]);
  }

  function follow(refs: ArtifactRef[]): Follower<Attempt> {
    return new Follower(readAllRows<Attempt>(store, refs), keyOf);
  }
}

const keyOf = ({ question, sample }: Attempt) => `${question.id}/${sample}`;
