import { Context } from '@temporalio/activity';
import { Failure } from '../backends/failures.ts';
import type { Grader } from '../backends/grading/grader.ts';
import { type ArtifactRef, readAllRows, readRows, writeRows } from '../backends/storage/artifacts.ts';
import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { SelfTalkConfig } from '../config/self-talk.ts';
import { seedFor } from '../method/random.ts';
import type { Generation } from '../method/rows.ts';
import { startTalkSelection } from '../method/self-talk/select-talks.ts';
import { startTalkStatistics, type TalkStatistics } from '../method/self-talk/statistics.ts';
import { talkFromTemplates } from '../method/self-talk/templates.ts';
import { TALK_REMOVALS, type TalkRemoval, type TalkRow } from '../method/self-talk/verify.ts';
import { selfTalkRow } from '../method/sft.ts';
import { Follower } from './follower.ts';
import { withHeartbeat } from './heartbeat.ts';
import { gradeResponses } from './oracle.ts';
import { selfTalkKeys, type WrittenTalks } from './self-talk-files.ts';
import { talkKey } from './smooth-talks.ts';

export interface TalksTask {
  run: string;
  config: SelfTalkConfig;
  chains: ArtifactRef;
  /** Those that a model made one text of; null: the built-in templates do that here. */
  smoothed: ArtifactRef[] | null;
  /** A run that was stopped keeps what it has, however little. */
  stopped: boolean;
}

type VerifiedRow = TalkRow & { removed: TalkRemoval | null };

/** Texts that are graded at once. */
const BATCH = 64;
/** Reasons that a failure names. */
const MOST_REASONS = 3;

/** Verifies every self-talk, writes those that are trained on and those that are not with their reason, and counts both. */
export async function writeTalks(deps: { store: Store; grader: Grader }, task: TalksTask): Promise<WrittenTalks> {
  const { store } = deps;
  const { run, config } = task;
  const keys = selfTalkKeys(run);
  let done = 0;
  const written = await withHeartbeat(
    () => ({ chains: done }),
    async () => {
      const statistics = startTalkStatistics();
      const all = await writeRows(store, keys.all, verified(statistics.add));
      const { promptFamily } = config.actor;
      const kept = await writeRows(
        store,
        keys.kept,
        rowsOf(all, ({ removed, ...row }) => (removed ? null : row)),
      );
      const sft = await writeRows(
        store,
        keys.sft,
        rowsOf(all, ({ removed, question, talk }) =>
          removed ? null : selfTalkRow(promptFamily, question, talk!.text),
        ),
      );
      const removed = await writeRows(
        store,
        keys.removed,
        rowsOf(all, ({ removed, ...row }) => (removed ? { reason: removed, row } : null)),
      );
      const result: WrittenTalks = { statistics: statistics.summary(), kept, sft, removed };
      await writeJson(store, keys.statistics, result);
      return result;
    },
  );
  if (!task.stopped) expectYield(written.statistics, config.minYield, store.locate(keys.removed));
  return written;

  async function* verified(count: (row: TalkRow, reason: TalkRemoval | null) => void): AsyncIterable<VerifiedRow> {
    const select = startTalkSelection(config);
    for await (const row of task.smoothed ? smoothed(task.smoothed) : fromTemplates()) {
      const removed = select(row);
      count(row, removed);
      done++;
      yield { ...row, removed };
    }
  }

  async function* smoothed(refs: ArtifactRef[]): AsyncIterable<TalkRow> {
    const talks = new Follower(readAllRows<TalkRow>(store, refs), talkKey);
    for await (const row of readRows<TalkRow>(store, task.chains)) yield (await talks.take(talkKey(row)))[0] ?? row;
    await talks.end();
  }

  async function* fromTemplates(): AsyncIterable<TalkRow> {
    const { cancellationSignal } = Context.current();
    const grade = async (row: TalkRow): Promise<TalkRow> => {
      if (row.chain.end !== 'error-free') return row;
      const { question, chain } = row;
      const seed = seedFor(config.seed, 'self-talk', talkKey(row));
      const talk = templated(talkFromTemplates(chain, seed), seed);
      const request = { question, responses: [talk], oracle: config.oracle };
      const [grade] = await gradeResponses(deps.grader, request, cancellationSignal);
      return { ...row, talk, grade: grade! };
    };
    let batch: TalkRow[] = [];
    for await (const row of readRows<TalkRow>(store, task.chains)) {
      batch.push(row);
      if (batch.length < BATCH) continue;
      yield* await Promise.all(batch.map(grade));
      batch = [];
    }
    yield* await Promise.all(batch.map(grade));
  }

  async function* rowsOf<Row>(all: ArtifactRef, read: (row: VerifiedRow) => Row | null): AsyncIterable<Row> {
    for await (const row of readRows<VerifiedRow>(store, all)) {
      const wanted = read(row);
      if (wanted !== null) yield wanted;
    }
  }
}

const templated = (text: string, seed: number): Generation => ({
  text,
  finishReason: 'stop',
  model: 'templates',
  seed,
  promptTokens: 0,
  completionTokens: 0,
});

/** @throws Failure YieldTooLow */
function expectYield({ yield: share, removed }: TalkStatistics, least: number, path: string): void {
  const { successes, n } = share;
  if (n > 0 && successes / n >= least && successes > 0) return;
  const reasons = removed
    .filter(({ reason }) => reason !== 'duplicate' && reason !== 'over-cap')
    .sort((a, b) => b.rows - a.rows)
    .slice(0, MOST_REASONS)
    .map(({ reason, rows }) => `${rows} ${reason} (${TALK_REMOVALS[reason]})`);
  throw new Failure(
    'YieldTooLow',
    `self-talk: ${successes} of ${n} chains became a text with the right answer, expected a share of at least ` +
      `${least} ("minYield") and at least one; of the others ${reasons.join(', ')}; all are in ${path}`,
  );
}
