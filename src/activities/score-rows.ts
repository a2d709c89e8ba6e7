import { setImmediate as breathe } from 'node:timers/promises';
import { firstWrongStep } from '../backends/datasets/index.ts';
import type { GradingThreads } from '../backends/grading/threads.ts';
import { readAllRows, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import { noOutcomes } from '../method/outcomes.ts';
import type { Price } from '../method/price.ts';
import type { Attempt, Outcome } from '../method/rows.ts';
import { type Answers, Collection, type Place } from '../method/supervision/collect.ts';
import type { Scored } from '../method/supervision/scored.ts';
import type { Part, Rates } from '../method/supervision/spending.ts';
import { summarise } from '../method/supervision/summarise.ts';
import type { SupervisionSummary } from '../method/supervision/summary.ts';
import { type EvaluationManifest, isFinished, type PassFiles, placesOf, planOf, refsOf } from './evaluation-files.ts';

/** What the rows of an evaluation come to. */
export interface ScoredRows {
  /** One for each question. */
  scores: Scored[];
  summary: SupervisionSummary;
  outcomes: { texts: string; outcomes: Record<Outcome, number> }[];
  warnings: string[];
}

export interface ScoringProgress {
  rows: number;
  /** Questions whose answers have been told apart by meaning. */
  voted: number;
}

/** Reads every row of an evaluation, tells its answers apart by meaning and measures. Generates nothing; the same rows give the same numbers. */
export async function scoreRows(
  { store, threads }: { store: Store; threads: GradingThreads },
  manifest: Pick<EvaluationManifest, 'config' | 'passes' | 'status'>,
  progress: ScoringProgress = { rows: 0, voted: 0 },
): Promise<ScoredRows> {
  const { config, passes, status } = manifest;
  const plan = planOf(config);
  const collection = new Collection();
  const outcomes: ScoredRows['outcomes'] = [];
  const truth = firstWrongStep(config.questions);

  /** The questions of each shard, of the pass that drew them. */
  const shards: Record<'greedy' | 'samples', Set<string>[]> = { greedy: [], samples: [] };

  for (const pass of passes) {
    const drawn = shards[pass.on === 'greedy' ? 'greedy' : 'samples'];
    const responses = noOutcomes();
    for (const [shard, ref] of refsOf(pass.sampled).entries()) {
      drawn[shard] ??= new Set();
      for await (const row of readRows<Attempt>(store, ref)) {
        const { question, response, grade } = row;
        progress.rows++;
        responses[grade.outcome]++;
        drawn[shard].add(question.id);
        collection.response(pass, row, truth && grade.outcome === 'wrong' ? truth(question, response.text) : null);
      }
    }
    for await (const row of readAllRows<Attempt>(store, refsOf(pass.critiqued))) {
      progress.rows++;
      collection.critique(pass, row);
    }
    const refinements = noOutcomes();
    for await (const row of readAllRows<Attempt>(store, refsOf(pass.refined))) {
      progress.rows++;
      refinements[row.refinement!.grade.outcome]++;
      collection.refinement(pass, row);
    }
    if (pass.sampled) outcomes.push({ texts: `${pass.pass}, responses`, outcomes: responses });
    if (pass.refined) outcomes.push({ texts: `${pass.pass}, refinements`, outcomes: refinements });
  }

  for (const place of placesOf(plan)) {
    const pass = passes.find((each) => isSamePlace(each, place));
    const drawn = shards[place.on === 'greedy' ? 'greedy' : 'samples'];
    for (const [shard, questions] of drawn.entries())
      if (pass ? !isFinished(pass, shard, drawn.length) : status !== 'completed')
        for (const question of questions) collection.unfinished(place, question);
  }

  const { classes, warnings } = await tellApart(threads, collection.answers(), config, progress);
  const scores = collection.finish(classes);
  const measuring = summarise(scores, plan, ratesOf(config, passes));
  for (;;) {
    const step = measuring.next();
    if (step.done) return { scores, summary: step.value, outcomes, warnings };
    await breathe();
  }
}

const isSamePlace = (a: Place, b: Place) => a.on === b.on && a.reviewer === b.reviewer && a.round === b.round;

/** Questions at a time: enough to keep every grading thread busy. */
const VOTES_AT_ONCE = 64;

async function tellApart(
  threads: GradingThreads,
  questions: Answers[],
  config: EvaluateConfig,
  progress: ScoringProgress,
) {
  const classes: number[][][] = [];
  const failed: string[] = [];
  for (let from = 0; from < questions.length; from += VOTES_AT_ONCE) {
    const batch = questions.slice(from, from + VOTES_AT_ONCE);
    const { policies } = config.oracle;
    const votes = await threads.run(batch.map(({ answers }) => ({ kind: 'vote' as const, answers, policies })));
    for (const [i, vote] of votes.entries()) {
      const { id, answers } = batch[i]!;
      if ('failed' in vote) failed.push(id);
      classes.push(
        'answer' in vote ? vote.answer.classes.map(({ members }) => members) : answers.map((_, place) => [place]),
      );
    }
    progress.voted += batch.length;
  }
  const warnings =
    failed.length === 0
      ? []
      : [
          `The answers to ${failed.length} of ${questions.length} questions could not be compared with each other (${failed.slice(0, 3).join(', ')}): in votes on them, answers count as they are written.`,
        ];
  return { classes, warnings };
}

/** What a token of each part took: its stages' wall clock over their completion tokens, and its model's price. */
function ratesOf({ actor, critic }: EvaluateConfig, passes: PassFiles[]): Rates {
  const rate = (
    parts: Part[],
    model: { price?: Price | undefined },
    uses: PassFiles['used'],
  ): [Part, Rates[Part]][] => {
    const seconds = uses.reduce((sum, use) => sum + use.seconds, 0);
    const tokens = uses.reduce((sum, use) => sum + use.tokens.completion, 0);
    const { price } = model;
    const dollars = price ? { prompt: price.prompt / 1e6, completion: price.completion / 1e6 } : null;
    return parts.map((part) => [part, { secondsPerToken: tokens > 0 ? seconds / tokens : 0, dollars }]);
  };
  const used = (stage: PassFiles['used'][number]['stage'], of: (pass: PassFiles) => boolean) =>
    passes.filter(of).flatMap((pass) => pass.used.filter((use) => use.stage === stage));
  const by = (reviewer: PassFiles['reviewer']) => (pass: PassFiles) => pass.reviewer === reviewer;
  return Object.fromEntries([
    ...rate(
      ['greedy'],
      actor,
      used('sample', ({ on }) => on === 'greedy'),
    ),
    ...rate(
      ['samples'],
      actor,
      used('sample', ({ on }) => on === 'samples'),
    ),
    ...(critic ? rate(['critic critique', 'chain critique'], critic, used('critique', by('critic'))) : []),
    ...rate(['critic refinement', 'chain refinement'], actor, used('refine', by('critic'))),
    ...rate(['self critique'], actor, used('critique', by('self'))),
    ...rate(['self refinement'], actor, used('refine', by('self'))),
  ]);
}
