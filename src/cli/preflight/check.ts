/** One line that preflight prints. */
export interface Check {
  what: string;
  /** null: it could not be looked at. */
  ok: boolean | null;
  detail: string;
  /** What it rests on, a line each below it. */
  notes?: string[];
}
