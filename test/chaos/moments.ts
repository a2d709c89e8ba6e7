import { randomFrom } from '../../src/method/random.ts';

/** What is killed: an inference worker, the worker of workflows and cpu, the train worker, the Temporal server, the engine, the trainer. */
export const VICTIMS = ['inference', 'workflows', 'train', 'server', 'engine', 'trainer'] as const;

export type Victim = (typeof VICTIMS)[number];

/**
 * When to kill what. A moment is a place in the run's work, not on the clock, so that a run can't end before its kills: once so many
 * requests have been answered, or once the fine-tunes have made so many steps, all in all.
 */
export interface Moment {
  victim: Victim;
  during: 'generation' | 'training';
  /** Answers or steps. */
  at: number;
  /** How long the process stays dead, in milliseconds. */
  downMs: number;
  /** Uniform in [0, 1): which of several. */
  choice: number;
}

export interface Work {
  /** Requests that the undisturbed run made. */
  answers: number;
  /** Steps of its fine-tunes. */
  steps: number;
}

const LONGEST_DOWN_MS = 3_000;
/** The last moments of a run are spared: what is killed there may have nothing left to do. */
const SPARED = 0.03;

/** Each kind gets its share; order, place and downtime come from the seed. Training is where a trainer can be killed. */
export function drawMoments(kills: number, seed: number, work: Work): Moment[] {
  const random = randomFrom(seed);
  const victims = Array.from({ length: kills }, (_, i) => VICTIMS[i % VICTIMS.length]!);
  for (let i = victims.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [victims[i], victims[j]] = [victims[j]!, victims[i]!];
  }
  const during = (victim: Victim): Moment['during'] => {
    if (victim === 'train' || victim === 'trainer') return 'training';
    if (victim === 'inference' || victim === 'engine') return 'generation';
    return random.int(2) === 0 ? 'training' : 'generation';
  };
  const drawn = victims.map((victim) => ({ victim, during: during(victim) }));
  const placed = (phase: Moment['during'], total: number): Moment[] => {
    const own = drawn.filter((moment) => moment.during === phase);
    // One in each stretch of the work: they come at random, and all along.
    return own.map((moment, i) => ({
      ...moment,
      at: Math.ceil(((i + random.next()) / own.length) * total * (1 - SPARED)),
      downMs: Math.round(random.next() * LONGEST_DOWN_MS),
      choice: random.next(),
    }));
  };
  return [...placed('generation', work.answers), ...placed('training', work.steps)];
}
