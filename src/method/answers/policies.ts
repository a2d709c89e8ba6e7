/** Conventions on which reasonable graders differ. What none of them touches is decided by mathematics alone. */
export interface Policies {
  /** `lenient`: 50 % may be written 50 or 0.5. `strict`: 50 % is 0.5. */
  percent: 'lenient' | 'strict';
  /** `lenient`: a unit that only one side states is ignored. `strict`: both state the same. Two units must always agree. */
  units: 'lenient' | 'strict';
  /** Whether "4,5" may be 4.5, where the other side is one number that is no integer. */
  decimalComma: boolean;
  /** From how many significant digits a decimal may stand for a number without end: 1.4142135624 for \sqrt{2}. null: never. */
  roundedDigits: number | null;
  /**
   * Whether an inequality (x > 3) may answer a reference that is written as a set (`(3, \infty)`, `x \in (3, \infty)`): it may be the one that
   * was to be solved. The other way round it always may.
   */
  inequalityForSet: boolean;
}

export const DEFAULT_POLICIES: Policies = {
  percent: 'lenient',
  units: 'lenient',
  decimalComma: true,
  roundedDigits: 12,
  inequalityForSet: false,
};
