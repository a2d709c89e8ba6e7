/** How what runs in a job's folder is doing, without a look at its files. */
export type PlaceStatus =
  /** Nobody knows of it: it was never started there, or ended so long ago that it is forgotten. */
  | { state: 'absent' }
  | { state: 'queued'; reason?: string | undefined }
  | { state: 'running' }
  /** @param how for people */
  | { state: 'ended'; how: string }
  /** Nobody could say. */
  | { state: 'unknown'; message: string };

/** Where the command of a fine-tune runs. What it says, and what it leaves, is in the files of the job's folder. */
export interface Place {
  /** Whether it is not this machine. */
  readonly isElsewhere: boolean;
  /** Whether it trains on GPUs. */
  readonly onGpu: boolean;
  /** Starts what trains in a job's folder, or adopts what has been started there meanwhile. @throws Failure TrainerUnavailable */
  start(work: Work): Promise<void>;
  look(folder: string): Promise<PlaceStatus>;
  /** Asks what trains to end, with time to leave a resume point, and waits until it has ended. */
  end(folder: string): Promise<void>;
}

/** What is to be started. */
export interface Work {
  /** Of the job, on the storage that the place shares with us. */
  folder: string;
  /** Each has a GPU of its own, where there are any. */
  processes: number;
}
