import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

/** What people and programs can say to a running workflow, and what it answers. */

export interface StopRequest {
  /** drain: finish the running stage. now: cancel it and keep its finished rows. */
  mode: 'drain' | 'now';
  reason?: string;
}

/** What every run answers. */
export interface CommonProgress {
  state: 'starting' | 'running' | 'paused' | 'stopping' | 'finished';
  stage: string;
  /** Of the running stage. */
  rows: { done: number; total: number };
  /** Of the whole run so far. */
  tokens: { prompt: number; completion: number };
  /** Generated tokens a second in the running stage; null before its first shard is done. */
  tokensPerSecond: number | null;
  /** Seconds until the running stage is done, as far as one can tell. */
  etaSeconds: number | null;
  waitingFor: string;
  warnings: string[];
}

/** Of a `selfImprove`. */
export interface Progress extends CommonProgress {
  iteration: number;
  /** Iterations asked for, iteration 0 not counted. */
  iterations: number;
  /** Training rows accepted in the last finished exploration: responses and refinements that the oracle confirmed. */
  accepted: number;
  /** One line per finished iteration, for people. */
  accuracy: string[];
}

/** Of an `evaluate`. */
export interface EvaluateProgress extends CommonProgress {
  /** What is drawn now, and all that will be, in order. */
  pass: string;
  passes: string[];
  /** US dollars spent so far, and the limit, where there are prices. */
  cost: { spent: number; limit: number | null } | null;
}

/** Of a `buildCritiques`. */
export interface BuildCritiquesProgress extends CommonProgress {
  /** US dollars spent so far, and the limit, where there are prices. */
  cost: { spent: number; limit: number | null } | null;
}

/** Of a `fineTune`. */
export interface FineTuneProgress extends CommonProgress {
  /** candidate, against: the evaluations of the new checkpoint and of the one that it stands against. */
  phase: 'train' | 'candidate' | 'against';
}

/** Of a `selfTalk`. */
export interface SelfTalkProgress extends CommonProgress {
  /** Which rewrite of the chains, of how many at most; 0 for the first draft. */
  round: number;
  rounds: number;
  /** Self-talks kept; null before they are verified. */
  kept: number | null;
  /** US dollars spent so far, and the limit, where there are prices. */
  cost: { spent: number; limit: number | null } | null;
}

/** Of a `study`. */
export interface StudyProgress extends CommonProgress {
  /** The step that is being taken, and the workflow ID of its child. */
  step: string;
  child: string;
  /** One line per step, for people. */
  steps: string[];
}

/** What a stage tells its parent. */
export interface StageReport {
  stage: string;
  rows: { done: number; total: number };
  tokens: { prompt: number; completion: number };
  tokensPerSecond: number | null;
  etaSeconds: number | null;
  /** All of that child so far; absent in older histories. */
  warnings?: string[];
}

export const stopSignal = defineSignal<[StopRequest?]>('stop');
export const stopUpdate = defineUpdate<string, [StopRequest?]>('stop');
export const pauseSignal = defineSignal('pause');
export const pauseUpdate = defineUpdate<string>('pause');
export const resumeSignal = defineSignal('resume');
export const resumeUpdate = defineUpdate<string>('resume');
export const extendUpdate = defineUpdate<string, [{ iterations: number }]>('extend');
export const progressQuery = defineQuery<CommonProgress>('progress');

/** From a child to its parent. */
export const stageSignal = defineSignal<[StageReport]>('stage');
