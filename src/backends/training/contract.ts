import type { TrainingConfig } from '../../config/training.ts';

/** One fine-tune. Paths are on the store that the trainer shares with us. */
export interface TrainingJob {
  /** Folder of a checkpoint or a hub name. */
  base: string;
  /** JSON lines of {prompt, completion}. */
  data: string;
  /** Folder in which the job works and leaves its checkpoint. */
  output: string;
  seed: number;
  training: TrainingConfig;
}

export interface LossPoint {
  step: number;
  loss: number;
}

export interface TrainingResult {
  /** Folder of the Hugging Face checkpoint, or of the adapter. */
  checkpoint: string;
  weightsSha256: string;
  /** Rows trained on, and rows left out because their prompts alone fill maxLength. */
  rows: number;
  dropped: number;
  steps: number;
  seconds: number;
  /** At most 200 points of the loss curve. */
  losses: LossPoint[];
}

/** `unknown` means that nobody could say; it never leads to a second submission. */
export type TrainingStatus =
  /** It waits, where it says so for somebody. */
  | { state: 'queued'; waitingFor?: string | undefined }
  | { state: 'running'; step: number; total: number; loss: number | null }
  | { state: 'succeeded'; result: TrainingResult }
  | { state: 'failed'; message: string }
  /** Not running and not finished: killed or pre-empted. Submitting again continues from its last resume point. */
  | { state: 'interrupted'; message: string }
  | { state: 'unknown'; message: string };

/** Somewhere to fine-tune. A job is known by its output folder, which is the same in every attempt. */
export interface TrainingBackend {
  /** Whether jobs run on other machines: a worker that stops leaves them to the next. */
  readonly isElsewhere: boolean;
  /** Starts the job, or adopts the one that is already there. */
  submit(job: TrainingJob): Promise<void>;
  /** Believes in success only when the checkpoint is whole and every step was trained. */
  poll(job: TrainingJob): Promise<TrainingStatus>;
  /** Ends the job, leaving a resume point, and waits until it has ended. */
  cancel(job: TrainingJob): Promise<void>;
}
