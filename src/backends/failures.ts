/**
 * The closed set of failure types that users meet in the Temporal UI and that the retry policies name.
 * Retryable: the same call may succeed later. Not retryable: only another input or another set-up helps.
 * Some say when to try again, in milliseconds: an outage is looked at every few seconds, however long it lasts.
 */
export const FAILURES = {
  InvalidInput: { retryable: false }, // a field of the run file is wrong
  StoreConflict: { retryable: false }, // the run's folder belongs to another input
  CorruptArtifact: { retryable: false }, // stored rows do not match their hash
  BadRequest: { retryable: false }, // the engine refuses every request of a shard
  Unauthorized: { retryable: false }, // the engine refuses the key
  QuotaExhausted: { retryable: false }, // the provider wants to be paid first
  EngineFailing: { retryable: false }, // the engine answers every request with an error, or can't be run as it is set up
  ModelNotFound: { retryable: false }, // the engine does not know the model and can't load it
  NoRows: { retryable: false }, // a stage would have succeeded without doing anything
  YieldTooLow: { retryable: false }, // too few rows were left to go on with
  TrainingFailed: { retryable: false }, // the trainer says that it can't
  RunEnding: { retryable: false }, // a message came too late for what it asks
  PayloadsTooLarge: { retryable: false }, // Temporal's own: something too big was put into history
  EngineUnavailable: { retryable: true, againAfter: 3_000 }, // the engine does not answer, or is overloaded
  CheckpointNotServed: { retryable: true }, // an endpoint has yet to be given the new checkpoint
  HubUnavailable: { retryable: true, againAfter: 30_000 }, // a dataset can't be brought to the hub now
  TrainerUnavailable: { retryable: true, againAfter: 3_000 }, // the trainer was killed, or its state is unknown
  ResultPending: { retryable: true, againAfter: 10_000 }, // another study runs the same child, and is not done
  StoreUnavailable: { retryable: true, againAfter: 5_000 }, // disk full, permissions, network
  Superseded: { retryable: true }, // another attempt of the same shard has begun
} as const satisfies Record<string, { retryable: boolean; againAfter?: number }>;

export type FailureType = keyof typeof FAILURES;

/** An error with a place in the table. Activities turn it into Temporal's ApplicationFailure. */
export class Failure extends Error {
  readonly type: FailureType;
  /** Milliseconds to wait before the next try, where the other side or the table says so. */
  readonly retryAfter: number | undefined;

  constructor(type: FailureType, message: string, options: { cause?: unknown; retryAfter?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = type;
    this.type = type;
    const entry: { retryable: boolean; againAfter?: number } = FAILURES[type];
    this.retryAfter = options.retryAfter ?? entry.againAfter;
  }

  get retryable(): boolean {
    return FAILURES[this.type].retryable;
  }
}
