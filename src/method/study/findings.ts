import { type Difference, independentDifference, type Proportion, pairedDifference, proportion } from '../estimate.ts';
import type { Basis } from '../supervision/summary.ts';
import type { Evidence, Explored, IterationEvidence } from './evidence.ts';
import { effect, type Finding, judge, type MeasuredEffect } from './finding.ts';

/** One of the paper's findings, with what to look at in what was measured here. */
interface Claim extends Pick<Finding, 'id' | 'claim' | 'paper'> {
  measure: (evidence: Evidence) => MeasuredEffect[];
  /** What it takes to be measured. */
  needs: string;
  /** What a reader has to know about the measurement. */
  note?: (evidence: Evidence) => string | null;
}

/** Between a plateau and a rise: in shares, of the whole interval. */
const PLATEAU = 0.01;

/** The paper's findings (arXiv 2411.16579), in its order: tables 2, 3 and 5, and its figures. */
const CLAIMS: readonly Claim[] = [
  {
    id: 'critic-helps',
    claim: 'A critic at test time makes the actor answer more questions right.',
    paper: 'GSM8K 54.8 \u2192 63.3 %, MATH 17.2 \u2192 24.3 %; the vote of 5, 54.5 \u2192 75.4 and 15.6 \u2192 30.7 %',
    needs: 'an evaluation of the fine-tuned actor with the trained critic',
    measure: (evidence) => {
      const { samples } = evidence.contrasts;
      return [
        effect('greedy, with the critic minus alone', reviewed(evidence)?.difference),
        effect(`vote of ${samples?.k ?? 'k'}, with the critic minus alone`, samples?.vote, INFORMATIVE),
      ];
    },
  },
  {
    id: 'critic-helps-hard',
    claim: 'It helps most on hard questions.',
    paper:
      'test sets, levels 4 and 5: GSM8K 34 \u2192 51 and 13 \u2192 24 %, MATH 28 \u2192 40 and 5 \u2192 12 %; levels 1 and 2: 97 \u2192 95 and 78 \u2192 84, 91 \u2192 88 and 73 \u2192 71 %',
    needs: 'questions of levels 1 or 2 and of levels 4 or 5, greedily answered with and without the critic',
    measure: ({ contrasts: { hardness } }) => [
      effect(
        'gain at levels 4 and 5 minus gain at levels 1 and 2',
        hardness && independentDifference(asEstimate(hardness.easy), asEstimate(hardness.hard)),
      ),
      effect('gain at levels 4 and 5', hardness?.hard, INFORMATIVE),
      effect('gain at levels 1 and 2', hardness?.easy, INFORMATIVE),
    ],
    note: ({ contrasts: { hardness } }) =>
      hardness &&
      (hardness.by === 'pass rate'
        ? 'Levels are bins of the actor\u2019s own pass rate, as in the paper.'
        : 'Levels are the dataset\u2019s: there are no samples to tell the pass rate by.'),
  },
  {
    id: 'trained-critic-discriminates',
    claim: 'A critic that was trained on such critiques tells right from wrong better than one that was not.',
    paper: 'discriminability of the 8B critic 79.4 % (GSM8K) and 75.7 % (MATH); of GPT-3.5-Turbo 62.9 and 51.3 %',
    needs: 'an evaluation of the same actor with the trained critic and with its base',
    measure: ({ contrasts: { critics }, criticTraining }) => [
      effect('verdicts that agree, trained minus base', critics?.agreement ?? criticTraining?.difference),
      ...(critics ? [effect('the same as measured after the fine-tune', criticTraining?.difference, INFORMATIVE)] : []),
    ],
    note: () => 'A critique without a verdict counts as one that does not agree.',
  },
  {
    id: 'trained-critic-helps',
    claim: 'Its critiques have more wrong responses repaired.',
    paper: 'helpfulness of the 8B critic 31.0 % (GSM8K) and 16.2 % (MATH); of GPT-3.5-Turbo 13.3 and 14.3 %',
    needs: 'an evaluation of the same actor with the trained critic and with its base',
    measure: ({ contrasts: { critics } }) => [
      effect('wrong responses that are right in the end, trained minus base', critics?.repaired),
    ],
  },
  {
    id: 'vote-at-equal-compute',
    claim: 'The vote of k samples with the critic beats the vote of 3k without it, which takes as many generations.',
    paper: 'at k = 128: GSM8K 83.0 against 71.6 %, MATH 42.3 against 27.8 %',
    needs: 'three times as many samples as one number of them that is critiqued',
    measure: (evidence) => {
      const all = largestVote(evidence, 'generations');
      const name = ({ k, baseline }: ComparedVote) => `vote of ${k} with the critic minus vote of ${baseline} alone`;
      const others = (['actor generations', 'tokens'] as const).flatMap((basis) => {
        const vote = largestVote(evidence, basis);
        return vote ? [effect(`${name(vote)}, at equal ${basis}`, vote.difference, INFORMATIVE)] : [];
      });
      return [effect(all ? name(all) : 'vote of k minus vote of 3k', all?.difference), ...others];
    },
  },
  {
    id: 'voting-improves',
    claim:
      'Votes get better because right answers become more frequent and fewer questions are left without any right sample.',
    paper:
      'right samples GSM8K 46 \u2192 62 %, MATH 15 \u2192 23 %; questions lost by the vote 30 \u2192 16 and 76 \u2192 57 %; without a right sample 2 \u2192 1 and 23 \u2192 17 %',
    needs: 'samples with and without the critic',
    measure: ({ contrasts: { samples } }) => {
      const k = samples?.k ?? 'k';
      return [
        effect('share of right samples, with the critic minus alone', samples?.frequency),
        effect(`questions with a right one among ${k}, with the critic minus alone`, samples?.pass),
        effect(`questions won by the vote of ${k}, with the critic minus alone`, samples?.vote, INFORMATIVE),
      ];
    },
  },
  {
    id: 'parallel-covers-more',
    claim: 'Samples in parallel find a right answer to more questions than as many rounds in a chain.',
    paper: 'at 16: GSM8K 94.3 against 89.5 %, MATH 63.4 against 58.8 %',
    needs: 'a chain of rounds, and samples with the critic',
    measure: ({ contrasts: { chain } }) => [effect(`pass@${chain?.k ?? 'k'}, parallel minus chain`, chain?.pass)],
  },
  {
    id: 'chain-vote-overtakes',
    claim: 'With many rounds, the vote of the chain overtakes the vote of as many samples in parallel.',
    paper:
      'at 256: GSM8K 83.9 against 83.3 %, MATH 46.0 against 42.4 %; at 4: 71.3 against 73.4 and 27.3 against 28.6 %',
    needs: 'a chain of rounds, and samples with the critic',
    measure: ({ contrasts: { chain } }) => [effect(`vote of ${chain?.k ?? 'k'}, chain minus parallel`, chain?.vote)],
    note: ({ contrasts: { chain } }) =>
      chain && chain.k < 32 ? 'In the paper that takes at least 32 rounds, and parallel is ahead before.' : null,
  },
  {
    id: 'last-round-plateaus',
    claim: 'Taking the last round only stops paying early: the vote of the rounds is ahead of it.',
    paper: 'at 256: GSM8K 83.9 against 73.1 %, MATH 46.0 against 28.8 %',
    needs: 'a chain of rounds',
    measure: ({ contrasts: { chain } }) => [
      effect(`vote of ${chain?.k ?? 'k'} rounds minus the last of them`, chain?.voteOverLast),
    ],
  },
  {
    id: 'loop-beats-vanilla',
    claim: 'Critique-in-the-loop self-improvement beats vanilla self-improvement.',
    paper: 'N = 10, iteration 3: GSM8K 75.0 against 65.0 %, MATH 30.6 against 21.0 %',
    needs: 'an iteration of both that was evaluated',
    measure: ({ loopOverVanilla }) =>
      lastFirst(loopOverVanilla).length > 0
        ? lastFirst(loopOverVanilla).map(({ iteration, difference }, place) =>
            effect(`iteration ${iteration}, in the loop minus vanilla`, difference, { decisive: place === 0 }),
          )
        : [effect('last iteration, in the loop minus vanilla', null)],
  },
  {
    id: 'loop-keeps-rising',
    claim: 'It rises with every iteration.',
    paper: 'N = 10, iterations 0 to 3: GSM8K 54.8, 71.0, 73.0, 75.0 %, MATH 17.2, 29.2, 30.3, 30.6 %',
    needs: 'an iteration after iteration 0 that was evaluated',
    measure: ({ iterations: { loop } }) => {
      const later = loop.filter(({ iteration }) => iteration > 0);
      return later.length === 0
        ? [effect('each iteration minus the one before', null)]
        : later.map(({ iteration, overPrevious }) =>
            effect(`iteration ${iteration} minus iteration ${iteration - 1}`, overPrevious),
          );
    },
  },
  {
    id: 'vanilla-plateaus',
    claim: 'Vanilla self-improvement stops rising after its first iteration or two.',
    paper: 'N = 10, iterations 1 to 3: GSM8K 63.0, 66.0, 65.0 %, MATH 20.7, 21.0, 21.0 %',
    needs: 'at least two iterations of vanilla self-improvement that were evaluated',
    measure: ({ iterations: { vanilla } }) => {
      const last = vanilla.findLast(({ overFirst }) => overFirst !== null);
      const label = `vanilla, iteration ${last?.iteration ?? 'T'} minus iteration 1`;
      return [effect(label, last?.overFirst, { atMost: PLATEAU })];
    },
    note: () => `It holds where a rise of more than ${100 * PLATEAU} point is ruled out.`,
  },
  {
    id: 'tail-widens',
    claim: 'What the loop adds to the training data is less narrow: more of it is of hard questions than in vanilla.',
    paper: 'the share of levels 4 and 5 rises against vanilla, that of level 1 falls (figure)',
    needs: 'an iteration of both that accepted rows of questions with a level',
    measure: (evidence) => {
      const shares = tailShares(evidence);
      return shares.length === 0
        ? [effect('share of levels 4 and 5, loop minus vanilla', null)]
        : shares.map(({ iteration, loop, vanilla }, place) =>
            effect(
              `iteration ${iteration}, share of levels 4 and 5, loop minus vanilla`,
              independentDifference(vanilla, loop),
              { decisive: place === 0 },
            ),
          );
    },
    note: (evidence) =>
      tailShares(evidence).length > 0
        ? 'Rows count as independent, several of one question too: the interval is rather too narrow.'
        : null,
  },
  {
    id: 'coverage-rises',
    claim: 'With critiques, exploration solves questions that sampling alone leaves without any right solution.',
    paper: 'test sets, pass@5 with the critic: GSM8K 75.2 \u2192 87.6 %, MATH 35.0 \u2192 47.4 %',
    needs: 'an iteration in the loop that explored',
    measure: ({ iterations: { loop } }) => {
      const explored = lastFirst(loop).flatMap(({ iteration, explored }) =>
        explored ? [{ iteration, explored }] : [],
      );
      return explored.length === 0
        ? [effect('questions solved, after critique minus before', null)]
        : explored.map(({ iteration, explored }, place) =>
            effect(`iteration ${iteration}, questions solved, after critique minus before`, coverage(explored), {
              decisive: place === 0,
            }),
          );
    },
    note: () => 'A refinement takes no solution away: this cannot come out as a loss.',
  },
  {
    id: 'gain-shrinks',
    claim: 'After critique-in-the-loop, a critic at test time adds less: the actor has learnt from it.',
    paper: 'added by the critic: GSM8K 8.5 before and 0.3 after, MATH 7.1 before and 0.1 after (points)',
    needs: 'evaluations with the critic of the actor before and after the loop',
    measure: (evidence) => [
      effect('gain by the critic before the loop minus gain after', reversed(evidence.contrasts.shrinkage)),
      effect('gain before', reviewed(evidence)?.difference, INFORMATIVE),
      effect('gain after', reviewed(evidence, 'loop')?.difference, INFORMATIVE),
    ],
  },
  {
    id: 'two-players-beat-one',
    claim: 'Self-correction is behind self-talk, and self-talk behind two players.',
    paper: 'the order of Table 5; Table 3: self-correction 60.1 against 63.3 % (GSM8K) and 24.2 against 24.3 % (MATH)',
    needs: 'self-correction, self-talk and the actor with the critic, each evaluated',
    measure: ({ contrasts: { ladder } }) => [
      effect('self-talk minus self-correction', ladder.selfTalkOverSelfCorrection),
      effect('two players minus self-talk', ladder.twoPlayersOverSelfTalk),
      effect('two players minus self-correction', ladder.twoPlayersOverSelfCorrection, INFORMATIVE),
    ],
  },
];

/** Every finding of the paper beside what this study measured. */
export function findings(evidence: Evidence): Finding[] {
  return CLAIMS.map(({ id, claim, paper, needs, note, measure }) => {
    const measured = measure(evidence);
    const { holds, why } = judge(measured);
    const noted = holds === 'not measured' ? `It takes ${needs}.` : [why, note?.(evidence)].filter(Boolean).join(' ');
    return { id, claim, paper, measure: measured, holds, why: noted };
  });
}

const INFORMATIVE = { decisive: false } as const;

/** What the critic does to the greedy responses, under the study's gate. */
function reviewed({ evaluations, gate }: Evidence, name: 'sft' | 'loop' = 'sft') {
  return evaluations[name]?.summary.reviews.find(
    (review) => review.reviewer === 'critic' && review.on === 'greedy' && review.gate === gate,
  );
}

interface ComparedVote {
  k: number;
  /** Samples of the vote without the critic. */
  baseline: number;
  difference: Difference;
}

/** A vote with the critic against one without it that takes as much, of the most samples for which that was measured. */
function largestVote({ evaluations, gate }: Evidence, equal: Basis): ComparedVote | undefined {
  return (evaluations.sft?.summary.comparisons ?? [])
    .filter(({ after, basis }) => after.method === 'maj' && basis === equal)
    .filter(({ after }) => after.reviewer === 'critic' && after.gate === gate)
    .flatMap(({ after, before, difference }) =>
      difference && difference.n > 0 ? [{ k: after.k, baseline: before.k, difference }] : [],
    )
    .toSorted((a, b) => b.k - a.k)[0];
}

/** Of the accepted rows, those of levels 4 and 5; the last iteration first. */
export function tailShares({ iterations: { loop, vanilla } }: Pick<Evidence, 'iterations'>) {
  return lastFirst(loop).flatMap(({ iteration, explored }) => {
    const other = vanilla.find((it) => it.iteration === iteration)?.explored;
    const [inLoop, inVanilla] = [tailOf(explored), tailOf(other)];
    return inLoop.n > 0 && inVanilla.n > 0 ? [{ iteration, loop: inLoop, vanilla: inVanilla }] : [];
  });
}

function tailOf(explored: Explored | null | undefined): Proportion {
  const levels = explored?.diversity.byLevel ?? [];
  const sum = (of: typeof levels) => of.reduce((total, { rows }) => total + rows, 0);
  return proportion(sum(levels.filter(({ level }) => level >= 4)), sum(levels));
}

/** What was solved before is solved after. */
function coverage({ diversity: { questions, solvedBefore, solvedAfter } }: Explored): Difference {
  const upTo = (solved: Proportion) => Array.from({ length: questions }, (_, question) => question < solved.successes);
  return pairedDifference(upTo(solvedBefore), upTo(solvedAfter));
}

const asEstimate = ({ difference, ...rest }: Difference) => ({ value: difference, ...rest });

const reversed = (it: Difference | null): Difference | null =>
  it && { ...it, difference: it.difference === null ? null : -it.difference, low: -it.high, high: -it.low };

const lastFirst = <T extends Pick<IterationEvidence, 'iteration'>>(all: readonly T[]): T[] =>
  all.toSorted((a, b) => b.iteration - a.iteration);
