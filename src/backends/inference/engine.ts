import type { CriticConfig, EndpointConfig, EvaluatedActorConfig, ModelConfig } from '../../config/models.ts';
import type { GenerationRequest, GenerationResult } from './client.ts';
import type { Limiter } from './limiter.ts';

/** Model weights in the store. */
export interface CheckpointRef {
  /** Unique: run, iteration and the first digits of the hash. */
  name: string;
  /** Folder in the store. */
  uri: string;
  /** Of the weights file. */
  sha256: string;
}

/** A model that a stage asks: an actor is always a checkpoint that we trained, a critic may be the configured one. */
export type ServedModel =
  | { config: ModelConfig; checkpoint: CheckpointRef }
  | { config: CriticConfig | EvaluatedActorConfig; checkpoint: null };

/** What an engine has to know of a model to serve it. */
export type Servable =
  | { config: { endpoint?: EndpointConfig | undefined }; checkpoint: CheckpointRef }
  | { config: { model: string; endpoint?: EndpointConfig | undefined }; checkpoint: null };

export const modelName = (model: Servable): string => (model.checkpoint ? model.checkpoint.name : model.config.model);

/** What a model is asked through: a client of one engine, or of several. */
export interface ModelClient {
  generate(request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult>;
  readonly limiter: Pick<Limiter, 'limit' | 'waiting'>;
  readonly waitingFor: string | null;
}

/** The limiter of one server, and what metrics call that server: an endpoint's host, or the worker's own engine. */
export interface HostLimiter {
  host: string;
  limiter: Pick<Limiter, 'limit' | 'inFlight'>;
}

/** Something that answers for models. */
export interface Engine {
  /**
   * Makes the model answer, waiting for a start or a load, and gives the name to ask for.
   * @throws Failure EngineUnavailable, ModelNotFound, Unauthorized or CheckpointNotServed
   */
  serve(model: Servable, signal: AbortSignal): Promise<{ client: ModelClient; name: string }>;
  close(): Promise<void>;
}

/** An engine whose limits can be looked at. */
export interface LimitedEngine extends Engine {
  limiters(): Iterable<HostLimiter>;
}
