/** A real cluster of this machine alone. */
export interface TestCluster {
  /** Nothing answers any more; what runs goes on. */
  outage(): Promise<void>;
  recovery(): Promise<void>;
  stop(): Promise<void>;
}
