import type { SelfTalkInput } from '../../src/config/self-talk.ts';

export interface SelfTalkShape extends Partial<Omit<SelfTalkInput, 'actor' | 'critic'>> {
  /** Where actor and critic are served. */
  url: string;
  pool?: number;
  actor?: Partial<SelfTalkInput['actor']>;
  critic?: Partial<SelfTalkInput['critic']>;
}

/** A small run of the arithmetic world with both models behind an endpoint. */
export function aSelfTalk({ url, pool = 60, actor, critic, ...rest }: SelfTalkShape): SelfTalkInput {
  const endpoint = { baseUrl: url };
  return {
    seed: 7,
    actor: { model: 'actor', endpoint, ...actor },
    critic: { model: 'critic', endpoint, ...critic },
    questions: { source: 'arithmetic', split: 'train', seed: 1, count: pool },
    ...rest,
  };
}
