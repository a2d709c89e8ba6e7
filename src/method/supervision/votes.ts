import { reportFrequencies } from '../estimate.ts';
import { voteScore } from '../vote.ts';
import { sampledUnder } from './sampled.ts';
import type { Plan, Scored } from './scored.ts';
import { supervisions } from './strategies.ts';
import type { VoteSummary } from './summary.ts';

/**
 * How often questions are answered right and what the vote of all answers makes of it, response only and with each reviewer under each
 * gate, over the same K samples; over all N where nobody reviews.
 */
export function* summariseVotes(questions: readonly Scored[], plan: Plan): Generator<void, VoteSummary[]> {
  const k = plan.reviewers.length > 0 ? plan.reviewed : plan.samples;
  const votes: VoteSummary[] = [];
  if (k === 0) return votes;
  for (const supervision of [null, ...supervisions(plan)]) {
    const voted = [];
    for (const [index, question] of questions.entries()) {
      if (index % 64 === 0) yield;
      const sampled = sampledUnder(question, supervision, { ...plan, samples: k });
      if (sampled) voted.push({ ...sampled.rate, vote: voteScore(sampled.voters, 'split') ?? 0 });
    }
    const { reviewer, gate } = supervision ?? { reviewer: null, gate: null };
    votes.push({ reviewer, gate, k, ...reportFrequencies(voted, plan.seed) });
    yield;
  }
  return votes;
}
