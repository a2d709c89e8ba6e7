import type { Gate } from '../../method/gates.ts';
import type { Reviewer } from '../../method/supervision/scored.ts';
import type { Basis, Strategy } from '../../method/supervision/summary.ts';

/** Who reviews, and which responses are refined. */
export type Condition = Pick<Strategy, 'reviewer' | 'gate'>;

/** A strategy at a number of samples or rounds, or at any: `k`. */
type Named = Omit<Strategy, 'k'> & { k: number | 'k' };

/** `response only`, `with critic (verdict)`, `self-correction (always)`. */
export function conditionName({ reviewer, gate }: Condition): string {
  if (reviewer === null) return 'response only';
  const name = reviewer === 'critic' ? 'with critic' : 'self-correction';
  return gate === null ? name : `${name} (${gate})`;
}

/** `greedy`, `vote of 8`, `best of k, by the critic\u2019s verdict`: without who reviews. */
export function methodName({ method, reviewer, k }: Pick<Named, 'method' | 'reviewer' | 'k'>): string {
  const rounds = `${k} ${k === 1 ? 'round' : 'rounds'}`;
  switch (method) {
    case 'greedy':
      return 'greedy';
    case 'sampled':
      return 'one sample';
    case 'maj':
      return `vote of ${k}`;
    case 'pass':
      return `pass@${k}`;
    case 'best':
      return `best of ${k}, by the ${reviewer === 'self' ? 'actor\u2019s own' : 'critic\u2019s'} verdict`;
    case 'sequential-vote':
      return `vote of ${rounds}`;
    case 'sequential-last':
      return `last of ${rounds}`;
    case 'sequential-pass':
      return `any of ${rounds}`;
  }
}

/** `response only, greedy`, `vote of 8, with critic (verdict)`, `best of k, by the critic\u2019s verdict`. */
export function strategyName(strategy: Named): string {
  const { method } = strategy;
  if (method === 'best') return methodName(strategy);
  if (method === 'greedy' || method === 'sampled') return `${conditionName(strategy)}, ${methodName(strategy)}`;
  return `${methodName(strategy)}, ${conditionName(strategy)}`;
}

/** Who reviews, in a sentence. */
export const REVIEWERS: Record<Reviewer, string> = { critic: 'the critic', self: 'self-correction' };

/** What a gate lets be refined, in a sentence. */
export const GATES: Record<Gate, string> = {
  always: 'every response is refined',
  verdict: 'responses that the reviewer calls wrong are refined',
  oracle: 'responses that are wrong are refined: this looks at the reference, so it is a bound and not a method',
};

/** What two strategies have in common, after `equal`. */
export const BASES: Record<Basis, string> = {
  samples: 'samples',
  'actor generations': 'generations of the actor',
  generations: 'generations',
  tokens: 'tokens',
};
