/** A number with its 95 % interval, or a difference with it. */
export interface MeasuredEffect {
  label: string;
  /** null: not measured. */
  value: number | null;
  low: number;
  high: number;
  /** Questions, or what else was counted. */
  n: number;
  /** Of no difference. */
  p?: number | null;
  /** Whether the claim stands or falls with it. */
  decisive: boolean;
}

/** Whether a claim holds here: its interval is on the claimed side of 0, on the other side, or on both. */
export type Holds = 'yes' | 'no' | 'unclear' | 'not measured';

/** One of the paper's findings beside what was measured. */
export interface Finding {
  id: string;
  /** What the paper says, in our words. */
  claim: string;
  /** Its numbers. */
  paper: string;
  measure: MeasuredEffect[];
  holds: Holds;
  why: string;
}
