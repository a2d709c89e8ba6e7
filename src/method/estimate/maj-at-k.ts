import { classesOf, type Ties, type Voter, voteScore } from '../vote.ts';
import { binomial, checkSubset } from './combinatorics.ts';
import { type Expectation, overSubsets } from './expectation.ts';

interface ClassSize {
  size: number;
  right: boolean;
}

/** One way for a right class to win: with so many votes. */
interface Win {
  votes: number;
  /** The classes that can have as many. */
  rivals: ClassSize[];
  /** Voters of the other classes and abstentions: any number of them may be drawn. */
  rest: number;
  /** How many rivals can have as many at once. */
  mostTied: number;
}

/** Of the innermost loop: about 30 ms. */
const MOST_STEPS = 1e7;

/**
 * maj@k of one question: the mean of `voteScore` over all k-subsets of its n voters, drawn without replacement and kept in their order.
 * Abstentions are drawn like others; ungraded responses are no voters. Exact for split ties and weights of 1, unless that takes more
 * than 10^7 steps (at most about n^2 k ln k); exact by enumeration otherwise, where C(n, k) <= 20,000; else over 2,000 random subsets.
 * `seed` should be the question's own, so that the errors of questions are independent. `first` depends on the order of the voters;
 * averaged over that order it has the expectation of `split`. Throws RangeError unless 1 <= k <= n.
 */
export function majAtK(voters: readonly Voter[], k: number, { ties, seed }: { ties: Ties; seed: number }): Expectation {
  const n = voters.length;
  checkSubset(k, n);
  if (ties === 'split' && k < n && voters.every(({ weight }) => weight === 1)) {
    const sizes = classesOf(voters).map(({ weight, right }) => ({ size: weight, right }));
    const wins = waysToWin(sizes, n, k);
    if (wins.reduce((steps, win) => steps + stepsOf(win, k), 0) <= MOST_STEPS) {
      const value = wins.reduce((score, win) => score + scoreOf(win, n, k), 0);
      return { value: Math.min(value, 1), standardError: 0, exact: true };
    }
  }
  return overSubsets(n, k, seed, (subset) => {
    const drawn = subset.map((position) => voters[position]!);
    return voteScore(drawn, ties)!;
  });
}

/** Every number of votes that a right class can win with, and that leaves enough to fill up k. */
function waysToWin(classes: readonly ClassSize[], n: number, k: number): Win[] {
  const most = classes.reduce((votes, { size, right }) => (right ? Math.max(votes, Math.min(size, k)) : votes), 0);
  return Array.from({ length: most }, (_, index) => {
    const votes = index + 1;
    const rivals = classes.filter(({ size }) => size >= votes);
    const rest = n - rivals.reduce((sum, { size }) => sum + size, 0);
    return { votes, rivals, rest, mostTied: Math.min(rivals.length, Math.floor(k / votes)) };
  }).filter(({ votes, rivals, rest }) => rivals.length * votes + rest >= k);
}

const stepsOf = ({ votes, rivals, mostTied }: Win, k: number) => rivals.length * (votes + 1) * (mostTied + 1) * (k + 1);

/**
 * The expected share of right ones among the winners where these have so many votes (0 where others win). How many of a class are drawn
 * is binomial, each voter being drawn with probability k/n, given that k are drawn in all. `drawn[t][s]` is the chance that the rivals
 * have s votes in all, none more than a winner and t of them as many, and `right[t][s]` the same times how many of these t are right.
 */
function scoreOf({ votes, rivals, rest, mostTied }: Win, n: number, k: number): number {
  const chance = k / n;
  const none = () => Array.from({ length: mostTied + 1 }, () => new Float64Array(k + 1));
  let [drawn, right] = [none(), none()];
  drawn[0]![0] = 1;

  for (const rival of rivals) {
    const [nextDrawn, nextRight] = [none(), none()];
    for (let own = 0; own <= votes; own++) {
      const share = binomial(own, rival.size, chance);
      const tie = own === votes ? 1 : 0;
      for (let tied = 0; tied + tie <= mostTied; tied++) {
        const [fromDrawn, fromRight] = [drawn[tied]!, right[tied]!];
        const [toDrawn, toRight] = [nextDrawn[tied + tie]!, nextRight[tied + tie]!];
        for (let sum = 0; sum + own <= k; sum++) {
          const both = share * fromDrawn[sum]!;
          toDrawn[sum + own]! += both;
          toRight[sum + own]! += share * fromRight[sum]! + (tie && rival.right ? both : 0);
        }
      }
    }
    [drawn, right] = [nextDrawn, nextRight];
  }

  let score = 0;
  for (let sum = Math.max(k - rest, 0); sum <= k; sum++)
    for (let tied = 1; tied <= mostTied; tied++) score += (binomial(k - sum, rest, chance) * right[tied]![sum]!) / tied;
  return score / binomial(k, n, chance);
}
