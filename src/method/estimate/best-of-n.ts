import { checkSubset } from './combinatorics.ts';
import { passAtK } from './pass-at-k.ts';

/**
 * Best of k by the critic's verdict, for one question: the chance that the chosen one of k of its n graded responses, drawn without
 * replacement, is right. Chosen is any of those the critic accepted (called correct), each as likely; where it accepted none, any of the
 * k. With a of n accepted that is (1 - q) * (right share of the accepted) + q * (right share of the others), q = C(n - a, k) / C(n, k),
 * because any accepted response is as likely as another to be drawn and chosen. Taking the first accepted one instead has the same
 * expectation over the order of the samples. Throws RangeError unless 1 <= k <= n.
 */
export function bestOfN(responses: readonly { right: boolean; accepted: boolean }[], k: number): number {
  checkSubset(k, responses.length);
  const accepted = responses.filter((response) => response.accepted);
  const others = responses.filter((response) => !response.accepted);
  const someAccepted = passAtK({ correct: accepted.length, total: responses.length }, k);
  return someAccepted * rightShare(accepted) + (1 - someAccepted) * rightShare(others);
}

/** 0 of none: their chance is 0 as well. */
function rightShare(responses: readonly { right: boolean }[]): number {
  return responses.filter(({ right }) => right).length / Math.max(responses.length, 1);
}
