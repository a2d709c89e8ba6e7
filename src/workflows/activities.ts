import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  type RetryPolicy,
} from '@temporalio/workflow';
import type { NonRetryable } from '../activities/failures.ts';
import type { Activities } from '../activities/index.ts';
import { QUEUES } from './queues.ts';

/**
 * Every timeout and retry policy, in one place.
 *
 * An attempt that fails says when to try again (backends/failures.ts, activities/failures.ts). What is left to the policy is an attempt that
 * ended without a word: its worker was killed, told to go, or lost. Nothing speaks against another worker at once, at the tenth kill no more
 * than at the first, so the interval does not grow. Attempts are bounded by time, not by number: evictions and restarts count as attempts.
 */
const retry = {
  initialInterval: '1 second',
  backoffCoefficient: 1,
  // Activities mark their own failures; this one is Temporal's, and would be retried for ever.
  nonRetryableErrorTypes: ['PayloadsTooLarge'] satisfies NonRetryable[],
} satisfies RetryPolicy;

/**
 * How long nothing is heard of a worker before it counts as lost. Workers report every second. A kill costs as much time as this, and what
 * is lost too early was only slow: its attempt ends as soon as it is heard of again, and what was in flight is generated again. So it is
 * longer than a restart of the Temporal server takes until workers reach it again (up to 6 s, measured) and than pauses of a busy machine.
 */
const HEARTBEAT = '10 seconds';

/** Also of a study's child, days after its start: a store that is away by then is waited for as in any other step. */
const validating = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '24 hours',
  retry,
} satisfies ActivityOptions;

/** Longer, for it computes: a worker that scores or draws may be silent for a while. */
const computing = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  scheduleToCloseTimeout: '24 hours',
  retry,
} satisfies ActivityOptions;

/** For something that others do. Once the time is over, whoever waits sees whether they still do it. */
const waiting = {
  taskQueue: QUEUES.cpu,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '10 minutes',
  retry,
} satisfies ActivityOptions;

/** A cancelled shard answers with its finished rows, and a cancelled fine-tune leaves a resume point: worth waiting for. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

const generating = {
  taskQueue: QUEUES.inference,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: HEARTBEAT,
  scheduleToCloseTimeout: '72 hours',
  cancellationType,
  retry,
} satisfies ActivityOptions;

const training = {
  taskQueue: QUEUES.train,
  startToCloseTimeout: '72 hours',
  heartbeatTimeout: HEARTBEAT,
  scheduleToCloseTimeout: '168 hours',
  cancellationType,
  retry,
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
