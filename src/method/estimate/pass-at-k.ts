import type { PassRate } from '../difficulty.ts';
import { checkSubset } from './combinatorics.ts';

/**
 * pass@k of one question, unbiased: the chance that k of its n graded samples, drawn without replacement, hold a right one,
 * 1 - C(n - c, k) / C(n, k) for c right ones (Chen et al. 2021, arXiv 2107.03374, section 2.1), as a product that cannot overflow.
 * Throws RangeError unless 1 <= k <= n: fewer samples than k don't tell.
 */
export function passAtK({ correct, total }: PassRate, k: number): number {
  checkSubset(k, total);
  if (!Number.isInteger(correct) || correct < 0 || correct > total)
    throw new RangeError(`correct is ${correct}, expected an integer from 0 to the ${total} samples there are`);
  if (total - correct < k) return 1;
  let missed = 1;
  for (let samples = total - correct + 1; samples <= total; samples++) missed *= 1 - k / samples;
  return 1 - missed;
}
