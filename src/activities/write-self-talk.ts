import { dirname, relative } from 'node:path';
import { datasetName } from '../backends/datasets/index.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { versions } from '../backends/versions.ts';
import type { SelfTalkConfig } from '../config/self-talk.ts';
import { dollarsOf, priceOf } from '../method/price.ts';
import { examplePrompts } from '../method/prompts/index.ts';
import type { TalkRemoval, TalkRow } from '../method/self-talk/verify.ts';
import type { Json } from '../report/data.ts';
import type { SelfTalkReport } from '../report/self-talk/data.ts';
import { headline } from '../report/self-talk/headline.ts';
import { renderSelfTalk } from '../report/self-talk/html.ts';
import { selfTalkTable } from '../report/self-talk/table.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type SelfTalkManifest, selfTalkKeys, type WrittenTalks } from './self-talk-files.ts';
import type { WrittenReport } from './write-report.ts';

/** Self-talks of each kind that the report shows, and how many rows are looked at for them. */
const SHOWN = 6;
const LOOKED_AT = 200;

/** Writes the report of a `selfTalk` from what its steps left in the store: HTML and JSON. */
export async function writeSelfTalk(
  deps: { store: Store },
  manifest: SelfTalkManifest,
): Promise<WrittenReport & { headline: string[] }> {
  const { store } = deps;
  return await withHeartbeat(
    () => ({ report: manifest.run }),
    async () => {
      const report = await gather(store, manifest);
      const keys = selfTalkKeys(manifest.run);
      await writeJson(store, keys.json, report);
      await store.write(keys.html, [renderSelfTalk(report)]);
      return { path: store.locate(keys.html), table: selfTalkTable(report), headline: headline(report) };
    },
  );
}

async function gather(store: Store, manifest: SelfTalkManifest): Promise<SelfTalkReport> {
  const { config, loaded, training, evaluation } = manifest;
  const keys = selfTalkKeys(manifest.run);
  const talks = manifest.verified ? await readJson<WrittenTalks>(store, keys.statistics) : null;
  const removed = talks
    ? await firstRows<{ reason: TalkRemoval; row: TalkRow }>(store, talks.removed, (it) => it.row)
    : [];
  return {
    run: manifest.workflowId,
    status: manifest.status,
    ...(manifest.reason !== undefined && { reason: manifest.reason }),
    startedAt: manifest.startedAt,
    updatedAt: manifest.updatedAt,
    actor: config.actor.model,
    critic: config.critic.model,
    smoother: config.smoother.source === 'model' ? config.smoother.model : 'built-in templates',
    dataset: datasetName(config.questions),
    rounds: config.rounds,
    warnings: [...manifest.warnings, ...loaded.warnings],
    statistics: talks?.statistics ?? null,
    training: training && {
      checkpoint: training.checkpoint.name,
      uri: training.checkpoint.uri,
      sha256: training.checkpoint.sha256,
      rows: training.rows,
      steps: training.steps,
      seconds: training.seconds,
    },
    evaluation: evaluation && {
      ...evaluation,
      report: relative(dirname(store.locate(keys.html)), evaluation.report).replaceAll('\\', '/'),
    },
    stages: manifest.used.map((use) => stageOf(use, config)),
    kept: talks ? await firstRows<TalkRow>(store, talks.kept, (row) => row) : [],
    removed,
    artifacts: [
      { name: 'questions', ...loaded.questions },
      ...manifest.artifacts.map(({ name, ref }) => ({ name, ...ref })),
      ...(talks
        ? [named('self-talk', talks.kept), named('training rows', talks.sft), named('removed', talks.removed)]
        : []),
    ],
    provenance: provenance(store, manifest),
  };
}

const named = (name: string, ref: ArtifactRef) => ({ name, ...ref });

function stageOf(
  { stage, seconds, tokens, rows }: SelfTalkManifest['used'][number],
  { actor, critic, smoother }: SelfTalkConfig,
): SelfTalkReport['stages'][number] {
  const price = priceOf(stage === 'smooth' ? smoother : /critique/.test(stage) ? critic : actor);
  return {
    stage,
    generations: rows,
    seconds,
    promptTokens: tokens.prompt,
    completionTokens: tokens.completion,
    cost: price ? dollarsOf(tokens, price) : null,
  };
}

/** The first of each level, one level after the other. */
async function firstRows<Row>(store: Store, ref: ArtifactRef, talkOf: (row: Row) => TalkRow): Promise<Row[]> {
  const byLevel = new Map<number, Row[]>();
  let looked = 0;
  for await (const row of readRows<Row>(store, ref)) {
    if (looked++ === LOOKED_AT) break;
    const level = talkOf(row).question.level ?? 0;
    byLevel.set(level, [...(byLevel.get(level) ?? []), row]);
  }
  const ranked = [...byLevel.values()].flatMap((rows) => rows.map((row, rank) => ({ row, rank })));
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN)
    .map(({ row }) => row);
}

function provenance(store: Store, { workflowId, run, config, loaded }: SelfTalkManifest): SelfTalkReport['provenance'] {
  return {
    run: { workflowId, store: store.locate(run), seed: config.seed },
    input: config as unknown as Record<string, Json>,
    hashes: { ...loaded.models, questions: loaded.questions.sha256 },
    prompts: {
      ...examplePrompts(config.actor, config.critic.promptFamily),
      'self-talk': examplePrompts({ ...config.actor, style: 'self-talk' }, undefined).solve!,
    } as Record<string, Json>,
    versions: versions(),
  };
}
