import { classesOf, type Ties, type Voter, voteScore } from '../vote.ts';
import { binomials, checkSubset } from './combinatorics.ts';
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

/** With more voters than this, chances for one k are too small to be held beside those for another. */
const MOST_SHARED = 1_000;

/**
 * maj@k of one question: the mean of `voteScore` over all k-subsets of its n voters, drawn without replacement and kept in their order.
 * Abstentions are drawn like others; ungraded responses are no voters. Exact for split ties and weights of 1, unless that takes more
 * than 10^7 steps (at most about n^2 k ln k); exact by enumeration otherwise, where C(n, k) <= 20,000; else over 2,000 random subsets.
 * `seed` should be the question's own, so that the errors of questions are independent. `first` depends on the order of the voters;
 * averaged over that order it has the expectation of `split`. Throws RangeError unless 1 <= k <= n.
 */
export function majAtK(voters: readonly Voter[], k: number, options: { ties: Ties; seed: number }): Expectation {
  return majAtKs(voters, [k], options)[0]!;
}

/** `majAtK` for each k, in order, and in about the time that the greatest one takes. */
export function majAtKs(
  voters: readonly Voter[],
  ks: readonly number[],
  { ties, seed }: { ties: Ties; seed: number },
): Expectation[] {
  const n = voters.length;
  for (const k of ks) checkSubset(k, n);
  if (ks.length > 1 && n > MOST_SHARED) return ks.flatMap((k) => majAtKs(voters, [k], { ties, seed }));

  const shared = ks.filter((k) => k < n);
  const isSimple = ties === 'split' && shared.length > 0 && voters.every(({ weight }) => weight === 1);
  const scores = isSimple ? exactScores(voters, shared) : null;
  if (isSimple && !scores && ks.length > 1) return ks.flatMap((k) => majAtKs(voters, [k], { ties, seed }));

  return ks.map((k) => {
    const score = scores?.get(k);
    if (score !== undefined) return { value: Math.min(score, 1), standardError: 0, exact: true };
    return overSubsets(n, k, seed, (subset) => {
      const drawn = subset.map((position) => voters[position]!);
      return voteScore(drawn, ties)!;
    });
  });
}

/** For every k of these, all below n; null where that takes too many steps. */
function exactScores(voters: readonly Voter[], ks: readonly number[]): Map<number, number> | null {
  const n = voters.length;
  const [least, most] = [Math.min(...ks), Math.max(...ks)];
  const sizes = classesOf(voters).map(({ weight, right }) => ({ size: weight, right }));
  const wins = waysToWin(sizes, n, least, most);
  if (wins.reduce((steps, win) => steps + stepsOf(win, most), 0) > MOST_STEPS) return null;

  const chance = ks.length === 1 ? most / n : 0.5;
  const hitsOf = memoised((tries) => binomials(tries, chance));
  const scores = new Map(ks.map((k) => [k, 0]));
  for (const win of wins) {
    const winning = chancesOf(win, most, hitsOf);
    for (const [k, score] of scores) scores.set(k, score + scoreOf(winning, hitsOf(win.rest), k) / hitsOf(n)[k]!);
  }
  return scores;
}

/** Every number of votes that a right class can win with, and that leaves enough to fill up the least k. */
function waysToWin(classes: readonly ClassSize[], n: number, least: number, most: number): Win[] {
  const mostVotes = classes.reduce(
    (votes, { size, right }) => (right ? Math.max(votes, Math.min(size, most)) : votes),
    0,
  );
  return Array.from({ length: mostVotes }, (_, index) => {
    const votes = index + 1;
    const rivals = classes.filter(({ size }) => size >= votes);
    const rest = n - rivals.reduce((sum, { size }) => sum + size, 0);
    return { votes, rivals, rest, mostTied: Math.min(rivals.length, Math.floor(most / votes)) };
  }).filter(({ votes, rivals, rest }) => rivals.length * votes + rest >= least);
}

const stepsOf = ({ votes, rivals, mostTied }: Win, k: number) => rivals.length * (votes + 1) * (mostTied + 1) * (k + 1);

/**
 * How likely the rivals draw s votes in all, none more than the winner's and t of them as many, times the expected share of right ones
 * among these t: summed over t, for each s up to `most`. How many of a class are drawn is binomial, each voter being drawn with the same
 * chance, whatever it is: that k are drawn in all is made sure of afterwards. `hitsOf` has the chances of each number of hits. In row t
 * and column s, `drawn` is how likely they do, and `right` the same times how many of the t are right.
 */
function chancesOf(
  { votes, rivals, mostTied }: Win,
  most: number,
  hitsOf: (tries: number) => Float64Array,
): Float64Array {
  const width = most + 1;
  const drawn = new Float64Array((mostTied + 1) * width);
  const right = new Float64Array((mostTied + 1) * width);
  drawn[0] = 1;

  for (const [before, rival] of rivals.entries()) {
    const hits = hitsOf(rival.size);
    // From the last place to the first, so that what is read is still without this rival.
    for (let tied = Math.min(before + 1, mostTied); tied >= 0; tied--) {
      const row = tied * width;
      for (let sum = Math.min(most, tied + (before + 1) * (votes - 1)); sum >= tied * votes; sum--) {
        let [ofDrawn, ofRight] = [0, 0];
        for (let own = Math.min(votes - 1, sum - tied * votes); own >= 0; own--) {
          ofDrawn += hits[own]! * drawn[row + sum - own]!;
          ofRight += hits[own]! * right[row + sum - own]!;
        }
        if (tied > 0) {
          const untied = row - width + sum - votes;
          ofDrawn += hits[votes]! * drawn[untied]!;
          ofRight += hits[votes]! * (right[untied]! + (rival.right ? drawn[untied]! : 0));
        }
        drawn[row + sum] = ofDrawn;
        right[row + sum] = ofRight;
      }
    }
  }

  const chances = new Float64Array(width);
  for (let tied = 1; tied <= mostTied; tied++)
    for (let sum = 0; sum <= most; sum++) chances[sum]! += right[tied * width + sum]! / tied;
  return chances;
}

/** The expected share of right ones among the winners of k, times the chance of k in all, given the chances of the rest. */
function scoreOf(winning: Float64Array, rest: Float64Array, k: number): number {
  let score = 0;
  for (let sum = Math.max(k - rest.length + 1, 0); sum <= k; sum++) score += rest[k - sum]! * winning[sum]!;
  return score;
}

function memoised<T>(make: (key: number) => T): (key: number) => T {
  const made = new Map<number, T>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
