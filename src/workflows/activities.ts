import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  type RetryPolicy,
} from '@temporalio/workflow';
import type { NonRetryable } from '../activities/failures.ts';
import type { Activities } from '../activities/index.ts';
import { QUEUES } from './queues.ts';

/** Every timeout and retry policy, in one place. */

/** Activities mark their own failures; this one is Temporal's, and would be retried for ever. */
const NEVER_AGAIN: NonRetryable[] = ['PayloadsTooLarge'];

const retry = (initialInterval: string, maximumInterval: string, backoffCoefficient = 2): RetryPolicy =>
  ({ initialInterval, maximumInterval, backoffCoefficient, nonRetryableErrorTypes: NEVER_AGAIN }) as RetryPolicy;

const validating = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '10 minutes',
  retry: retry('1 second', '30 seconds'),
} satisfies ActivityOptions;

const computing = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '60 seconds',
  scheduleToCloseTimeout: '24 hours',
  retry: retry('1 second', '1 minute'),
} satisfies ActivityOptions;

/** For something that others do. Once the time is over, whoever waits sees whether they still do it. */
const waiting = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '10 minutes',
  retry: retry('5 seconds', '15 seconds'),
} satisfies ActivityOptions;

/** A cancelled shard answers with its finished rows, and a cancelled fine-tune leaves a resume point: worth waiting for. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Bounded by time, not by attempts: evictions and restarts count as attempts (temporal.md 1). */
const generating = {
  taskQueue: QUEUES.inference,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '15 seconds',
  scheduleToCloseTimeout: '72 hours',
  cancellationType,
  retry: retry('1 second', '30 seconds'),
} satisfies ActivityOptions;

const training = {
  taskQueue: QUEUES.train,
  startToCloseTimeout: '72 hours',
  heartbeatTimeout: '20 seconds',
  scheduleToCloseTimeout: '168 hours',
  cancellationType,
  retry: retry('2 seconds', '5 minutes'),
} satisfies ActivityOptions;

type Of<K extends keyof Activities> = Pick<Activities, K>;

export const { validateInput, validateEvaluate, validateFineTune } =
  proxyActivities<Of<'validateInput' | 'validateEvaluate' | 'validateFineTune'>>(validating);
export const { loadDatasets, selectTrainingRows, scoreEvaluation, writeReport } =
  proxyActivities<Of<'loadDatasets' | 'selectTrainingRows' | 'scoreEvaluation' | 'writeReport'>>(computing);
export const { validateSelfTalk } = proxyActivities<Of<'validateSelfTalk'>>(validating);
export const { loadEvaluation, scoreVotes, writeEvaluation } =
  proxyActivities<Of<'loadEvaluation' | 'scoreVotes' | 'writeEvaluation'>>(computing);
export const { loadTrainingRows, compareCheckpoints, promoteCheckpoint } =
  proxyActivities<Of<'loadTrainingRows' | 'compareCheckpoints' | 'promoteCheckpoint'>>(computing);
export const { loadSelfTalk, buildChains, writeTalks, writeSelfTalk } =
  proxyActivities<Of<'loadSelfTalk' | 'buildChains' | 'writeTalks' | 'writeSelfTalk'>>(computing);
export const { validateStudy } = proxyActivities<Of<'validateStudy'>>(validating);
export const { prepareChild, keepResult, writeStudy } =
  proxyActivities<Of<'prepareChild' | 'keepResult' | 'writeStudy'>>(computing);
export const { awaitResult } = proxyActivities<Of<'awaitResult'>>(waiting);
export const { validateBuildCritiques } = proxyActivities<Of<'validateBuildCritiques'>>(validating);
export const { loadCritiqueQuestions, planFlaws, choosePaths, annotateExactly, writeCritiques, pushDataset } =
  proxyActivities<
    Of<'loadCritiqueQuestions' | 'planFlaws' | 'choosePaths' | 'annotateExactly' | 'writeCritiques' | 'pushDataset'>
  >(computing);
export const { writeMistakes, continuePaths, annotatePaths } =
  proxyActivities<Of<'writeMistakes' | 'continuePaths' | 'annotatePaths'>>(generating);
export const { sampleResponses, generateCritiques, refineResponses } =
  proxyActivities<Of<'sampleResponses' | 'generateCritiques' | 'refineResponses'>>(generating);
export const { rewriteSteps, smoothTalks } = proxyActivities<Of<'rewriteSteps' | 'smoothTalks'>>(generating);
export const { submitFineTune } = proxyActivities<Of<'submitFineTune'>>(training);
