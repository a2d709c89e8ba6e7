/** Where a piece of text is: bytes `from` to `to` (exclusive) of an object. */
export interface Place {
  key: string;
  from: number;
  to: number;
}

/** Pieces of text that are made safe in the order in which they come, by one writer. */
export interface Journal {
  /**
   * Takes a piece of text, and says where it will be. `taken` resolves when more may come: on a disk once it is written, so that a kill
   * of this process loses nothing of it. null: only after a sync.
   */
  append(text: string): { place: Place; taken: Promise<void> | null };
  /** Makes safe what was appended, one call after the other. What one that failed left, the next one writes. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
