import type { Supervision } from './answer.ts';
import type { Plan } from './scored.ts';
import type { Method, Strategy } from './summary.ts';

/**
 * Every strategy that a run measures, response only first. Chains are the critic's. The best is chosen among responses that are all
 * critiqued, so not where the oracle's gate is the only one.
 */
export function strategies(plan: Plan): Strategy[] {
  const { ks, reviewed, reviewers, gates } = plan;
  const under = (methods: Method[], supervision: Supervision, ks: readonly number[]) =>
    ks.flatMap((k) => methods.map((method) => strategy(method, supervision, k)));
  const all = [null, ...supervisions(plan)];
  const samplesOf = (supervision: Supervision) => (supervision ? reviewed : plan.samples);
  const choosers = gates.some((gate) => gate !== 'oracle') ? reviewers : [];
  const critics = reviewers.includes('critic') ? supervisions({ ...plan, reviewers: ['critic'] }) : [];
  return [
    ...all.map((each) => strategy('greedy', each, 1)),
    ...all.filter((each) => samplesOf(each) > 0).map((each) => strategy('sampled', each, 1)),
    ...all.flatMap((each) => under(['maj', 'pass'], each, upTo(ks, samplesOf(each)))),
    ...choosers.flatMap((reviewer) =>
      upTo(ks, reviewed).map((k): Strategy => ({ method: 'best', reviewer, gate: null, k })),
    ),
    ...critics.flatMap((each) =>
      under(['sequential-vote', 'sequential-last', 'sequential-pass'], each, roundsOf(plan)),
    ),
  ];
}

/** Every reviewer under every gate. */
export function supervisions({ reviewers, gates }: Plan): NonNullable<Supervision>[] {
  return reviewers.flatMap((reviewer) => gates.map((gate) => ({ reviewer, gate })));
}

export function strategy(method: Method, supervision: Supervision, k: number): Strategy {
  return { method, reviewer: supervision?.reviewer ?? null, gate: supervision?.gate ?? null, k };
}

/** A stable name, for instance `maj@8 critic verdict`. Different strategies have different ones. */
export function keyOf({ method, reviewer, gate, k }: Strategy): string {
  const how = method === 'greedy' || method === 'sampled' ? method : `${method}@${k}`;
  return [how, reviewer, gate].filter((part) => part !== null).join(' ');
}

/** 1, 2, 4, 8 and so on, and the last round. */
function roundsOf({ rounds }: Plan): number[] {
  const doubling: number[] = [];
  for (let round = 1; round < rounds; round *= 2) doubling.push(round);
  return rounds > 0 ? [...doubling, rounds] : [];
}

const upTo = (ks: readonly number[], most: number) => ks.filter((k) => k <= most);
