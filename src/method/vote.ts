/** One response's say in the vote on its question. */
export interface Ballot {
  /** null abstains: the response has no answer, or none that can be read. */
  answer: string | null;
  /**
   * How much it counts; 1 where absent. At 0 it counts nothing. For instance 1 where the critic called the response correct and a little
   * less than 1/k elsewhere: among k ballots, those then decide only where the ones of weight 1 don't.
   */
  weight?: number;
}

/** Whether two answers mean the same; null where that could not be decided, for instance in time. */
export type Same = (answer: string, representative: string) => boolean | null;

export interface VoteClass {
  /** Its first answer, the one that all others are compared with. */
  representative: string;
  /** Positions of its ballots, ascending. */
  members: number[];
  weight: number;
}

export interface Vote {
  /** In the order of their first members. */
  classes: VoteClass[];
  /** Positions of the ballots without an answer. */
  abstentions: number[];
  /** The heaviest classes, in the order of their first members: several where they tie, none where nothing has weight. */
  winners: VoteClass[];
  /** Comparisons that `same` could not decide. */
  undecided: number;
}

/** What a tie is worth: each of t tied classes 1/t of the vote, or all of it the one whose first member came first. */
export type Ties = 'split' | 'first';

/** A graded response in the vote on its question, in the class of what its answer means. */
export interface Voter {
  /** null abstains. */
  class: number | null;
  /** Whether the answer of its class is right; false for an abstention. */
  right: boolean;
  weight: number;
}

/** Weights closer than this share of the greatest tie: sums of fractions differ by the order they are added in. */
const TIE = 1e-9;

/**
 * Votes by meaning. Each ballot, in order, joins the first class whose representative it is the same as, else it founds one. Texts that
 * were seen before are not compared again, so `same` is called once per different text and class at most, with the later answer first.
 * Meaning the same need not be transitive: only representatives count, and the order of the ballots decides. What `same` cannot decide
 * (null) is not the same. What it throws is the caller's. Throws RangeError for a weight that is negative or not finite.
 */
export function countVotes(ballots: readonly Ballot[], same: Same): Vote {
  const classes: VoteClass[] = [];
  const classOf = new Map<string, VoteClass>();
  const abstentions: number[] = [];
  let undecided = 0;

  const isIn = (answer: string, { representative }: VoteClass) => {
    const verdict = same(answer, representative);
    if (verdict === null) undecided++;
    return verdict === true;
  };
  const found = (representative: string) => {
    const founded: VoteClass = { representative, members: [], weight: 0 };
    classes.push(founded);
    return founded;
  };

  for (const [position, { answer, weight = 1 }] of ballots.entries()) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(`weight of ballot ${position} is ${weight}, expected a finite number of at least 0`);
    if (answer === null) {
      abstentions.push(position);
      continue;
    }
    const joined = classOf.get(answer) ?? classes.find((each) => isIn(answer, each)) ?? found(answer);
    classOf.set(answer, joined);
    joined.members.push(position);
    joined.weight += weight;
  }
  return { classes, abstentions, winners: heaviest(classes), undecided };
}

/**
 * The vote of the reference scripts, as a baseline: answers count as they are written, so that `0.5` and `1/2` split the vote, and where
 * there is no answer the empty text votes. Its ties go to the `first`, which is `winners[0]`.
 */
export function countStrings(ballots: readonly Ballot[]): Vote {
  const written = ballots.map((ballot) => ({ ...ballot, answer: ballot.answer ?? '' }));
  return countVotes(written, () => false);
}

/**
 * The graded responses of one question as voters, in order; `count` is `countStrings` or `countVotes` with a grader. A ballot that could
 * not be graded (right: null) is left out before votes are counted, as it is from every other share: it neither votes nor is counted among
 * the n. Meaning the same need not be transitive, so that a class may hold right and wrong answers: its representative's grade is its own.
 */
export function votersOf(
  ballots: readonly (Ballot & { right: boolean | null })[],
  count: (ballots: readonly Ballot[]) => Vote,
): Voter[] {
  const graded = ballots.filter(({ right }) => right !== null);
  const voters = graded.map(({ weight = 1 }): Voter => ({ class: null, right: false, weight }));
  for (const [id, { members }] of count(graded).classes.entries())
    for (const member of members) {
      const { weight } = voters[member]!;
      voters[member] = { class: id, right: graded[members[0]!]!.right!, weight };
    }
  return voters;
}

/**
 * How right the vote is, 0 to 1: the share of right classes among the tied ones (`split`), or whether the first of them is right
 * (`first`). 0 where all abstain or weigh nothing: a question without an answer is not answered right. null where there are no voters.
 */
export function voteScore(voters: readonly Voter[], ties: Ties): number | null {
  if (voters.length === 0) return null;
  const tied = heaviest(classesOf(voters));
  const winners = ties === 'first' ? tied.slice(0, 1) : tied;
  return winners.filter(({ right }) => right).length / Math.max(winners.length, 1);
}

/** The classes of the voters that don't abstain, with the weight of each, in the order of their first members. */
export function classesOf(voters: readonly Voter[]): { right: boolean; weight: number }[] {
  const classes = new Map<number, { right: boolean; weight: number }>();
  for (const { class: id, right, weight } of voters) {
    if (id === null) continue;
    const known = classes.get(id);
    if (known) known.weight += weight;
    else classes.set(id, { right, weight });
  }
  return [...classes.values()];
}

function heaviest<T extends { weight: number }>(classes: readonly T[]): T[] {
  const most = classes.reduce((weight, each) => Math.max(weight, each.weight), 0);
  return classes.filter(({ weight }) => weight > 0 && weight >= most * (1 - TIE));
}
