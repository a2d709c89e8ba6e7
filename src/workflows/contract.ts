import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

/** What people and programs can say to a running `selfImprove`, and what it answers. */

export interface StopRequest {
  /** drain: finish the running stage. now: cancel it and keep its finished rows. */
  mode: 'drain' | 'now';
  reason?: string;
}

export interface Progress {
  state: 'starting' | 'running' | 'paused' | 'stopping' | 'finished';
  iteration: number;
  /** Iterations asked for, iteration 0 not counted. */
  iterations: number;
  stage: string;
  /** Of the running stage. */
  rows: { done: number; total: number };
  /** Of the whole run so far. */
  tokens: { prompt: number; completion: number };
  /** Generated tokens a second in the running stage; null before its first shard is done. */
  tokensPerSecond: number | null;
  /** Training rows accepted in the last finished exploration: responses and refinements that the oracle confirmed. */
  accepted: number;
  /** Seconds until the running stage is done, as far as one can tell. */
  etaSeconds: number | null;
  waitingFor: string;
  warnings: string[];
  /** One line per finished iteration, for people. */
  accuracy: string[];
}

/** What a stage tells its parent. */
export interface StageReport {
  iteration: number;
  stage: string;
  rows: { done: number; total: number };
  tokens: { prompt: number; completion: number };
  tokensPerSecond: number | null;
  etaSeconds: number | null;
}

export const stopSignal = defineSignal<[StopRequest?]>('stop');
export const stopUpdate = defineUpdate<string, [StopRequest?]>('stop');
export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const extendUpdate = defineUpdate<string, [{ iterations: number }]>('extend');
export const progressQuery = defineQuery<Progress>('progress');

/** From `iterate` to its parent. */
export const stageSignal = defineSignal<[StageReport]>('stage');
