import type { Difference } from '../estimate.ts';

/** A difference of shares with its 95 % interval. */
export interface MeasuredEffect {
  label: string;
  /** null: not measured. */
  value: number | null;
  low: number;
  high: number;
  /** Questions, or what else was counted. */
  n: number;
  /** Of no difference, where there is a test of it. */
  p?: number | null;
  /** Whether the claim stands or falls with it. */
  decisive: boolean;
  /** The claim is that it is no more than this; else, that it is more than 0. */
  atMost?: number;
}

/** Whether a claim holds here: its interval is on the claimed side, on the other, or on both. */
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

/** What was measured for or against a claim. null: it was not. */
export function effect(
  label: string,
  difference: (Omit<Difference, 'p'> & Partial<Pick<Difference, 'p'>>) | null | undefined,
  { decisive = true, atMost }: { decisive?: boolean; atMost?: number } = {},
): MeasuredEffect {
  const { difference: value, low, high, n, p } = difference ?? { difference: null, low: -1, high: 1, n: 0 };
  return {
    label,
    value,
    low,
    high,
    n,
    ...(p !== undefined && { p }),
    decisive,
    ...(atMost !== undefined && { atMost }),
  };
}

/**
 * Whether a claim holds: where all that it stands and falls with is clearly as claimed; it does not where any of it clearly is the other
 * way round. What was not measured leaves it open.
 */
export function judge(measure: readonly MeasuredEffect[]): { holds: Holds; why: string } {
  const decisive = measure.filter((each) => each.decisive);
  const known = decisive.filter(({ value }) => value !== null);
  if (known.length === 0) return { holds: 'not measured', why: '' };
  const against = known.filter(isAgainst);
  if (against.length > 0) return { holds: 'no', why: `The interval is on the other side: ${labels(against)}.` };
  const open = decisive.filter((each) => !isFor(each));
  if (open.length === 0) return { holds: 'yes', why: 'The interval is on the claimed side.' };
  const missing = open.filter(({ value }) => value === null);
  const undecided = open.filter(({ value }) => value !== null);
  const said = [
    ...(undecided.length > 0 ? [`The interval is on both sides: ${labels(undecided)}.`] : []),
    ...(missing.length > 0 ? [`Not measured: ${labels(missing)}.`] : []),
  ];
  return { holds: 'unclear', why: said.join(' ') };
}

const isFor = (effect: MeasuredEffect) => {
  const { value, low, high, atMost } = effect;
  return value !== null && !isHollow(effect) && (atMost === undefined ? low > 0 : high <= atMost);
};

const isAgainst = (effect: MeasuredEffect) => {
  const { low, high, atMost } = effect;
  return !isFor(effect) && !isHollow(effect) && (atMost === undefined ? high < 0 : low > 0);
};

/** Where all questions differ by the same amount the interval is that point, and only p tells how little that may mean. */
const isHollow = ({ low, high, p }: MeasuredEffect) => low === high && (p ?? 0) > 0.05;

const labels = (effects: readonly MeasuredEffect[]) => effects.map(({ label }) => label).join('; ');
