import { setCurrentDetails } from '@temporalio/workflow';
import type { ArtifactRef, ServedModel } from '../activities/index.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import type { Place } from '../method/supervision/collect.ts';
import type { Reviewer } from '../method/supervision/scored.ts';
import { Budget } from './budget.ts';
import type { ControlState } from './conductor.ts';
import { Control } from './control.ts';
import { expectParent } from './requests.ts';
import type { StageResult } from './shards.ts';
import { Stages, type StageUse } from './stages.ts';
import { describeWarnings } from './warnings.ts';

/** What one pass draws: responses, or else critiques of what another pass left, or else refinements with its critiques. */
export type PassSource =
  | { questions: ArtifactRef; samples: number; temperature: number }
  | { attempts: StageResult; next: boolean }
  | { critiqued: StageResult };

/** Responses only where there is no reviewer. */
export interface SuperviseInput extends Place {
  /** Folder of the run in the store. */
  run: string;
  /** Its name, and its folder in the run's. */
  pass: string;
  config: EvaluateConfig;
  source: PassSource;
  /** How many samples of each question are critiqued and refined, of how many there are to go on from. */
  reviewed: number;
  of: number;
  /** Of the refinements. */
  temperature: number;
  budget: { limit: number | null; spent: number };
  control: ControlState;
}

export type SupervisionStage = 'sample' | 'critique' | 'refine';

export interface PassResult extends Place {
  pass: string;
  /** null: not a stage of this pass, or stopped before it. */
  sampled: StageResult | null;
  critiqued: StageResult | null;
  refined: StageResult | null;
  used: StageUse<SupervisionStage>[];
  /** US dollars of the run so far. */
  spent: number;
  exhausted: boolean;
  warnings: string[];
}

/** One pass of test-time supervision: respond, have it critiqued, refine; or the later parts of that, from where another pass ended. */
export async function supervise(input: SuperviseInput): Promise<PassResult> {
  expectParent('evaluate');
  const { run, pass, on, round, config, source, reviewer, reviewed, of, temperature } = input;
  const { seed, oracle, shards, gates } = config;
  const budget = new Budget(input.budget);
  const control = new Control(input.control);
  const stages = new Stages<SupervisionStage>(
    { run, folder: pass, label: pass, seed, oracle, shards, budget },
    control,
  );
  const actor: ServedModel = { config: config.actor, checkpoint: null };

  const sampled =
    'questions' in source ? await stages.timed('sample', () => stages.sample('sample', actor, source)) : null;
  const attempts = 'attempts' in source ? source.attempts : sampled;
  const next = 'next' in source && source.next;
  const critiqued =
    attempts && reviewer
      ? await stages.timed('critique', () =>
          stages.critique(
            'critique',
            reviewerModel(reviewer, config),
            { attempts, gates, critiques: 1, samples: reviewed, next },
            reviewed / of,
          ),
        )
      : null;
  const judged = 'critiqued' in source ? source.critiqued : critiqued;
  const refined = judged
    ? await stages.timed('refine', () =>
        stages.refine(
          'refine',
          actor,
          { critiqued: judged, gates, refinements: 1, samples: reviewed, temperature },
          'critiqued' in source ? reviewed / of : 1,
        ),
      )
    : null;

  const last = refined ?? critiqued ?? sampled;
  const warnings = control.warnings.texts;
  setCurrentDetails((last ? `${pass}: ${last.rows} rows` : 'stopped early') + describeWarnings(warnings));
  return {
    pass,
    on,
    reviewer,
    ...(round !== undefined && { round }),
    sampled,
    critiqued,
    refined,
    used: stages.used,
    spent: budget.spent,
    exhausted: budget.exhausted,
    warnings,
  };
}

/** In self-correction the actor critiques what it wrote, at temperature 0 as a critic does. */
function reviewerModel(reviewer: Reviewer, { actor, critic, selfCorrection }: EvaluateConfig): ServedModel {
  if (reviewer === 'critic') return { config: critic!, checkpoint: null };
  return { config: { ...actor, temperature: 0, maxTokens: selfCorrection!.maxTokens }, checkpoint: null };
}
