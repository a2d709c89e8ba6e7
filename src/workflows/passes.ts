import type { ArtifactRef } from '../activities/index.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import type { Place } from '../method/supervision/collect.ts';
import type { PassResult, PassSource } from './supervise.ts';

/** One of the passes that an evaluation is made of. */
export interface PlannedPass extends Place {
  pass: string;
  /** null: what it goes on from was not drawn. */
  source: (questions: ArtifactRef, done: readonly PassResult[]) => PassSource | null;
  /** Samples of each question that are critiqued and refined, of how many. */
  reviewed: number;
  of: number;
  temperature: number;
}

/** Everything that the strategies of a run are measured from, each text drawn once (method.md D2). */
export function passesOf({
  actor,
  critic,
  samples,
  samplesWithCritic,
  selfCorrection,
  sequential,
}: EvaluateConfig): PlannedPass[] {
  const reviewer = critic ? 'critic' : null;
  const reviewed = samplesWithCritic ?? samples;
  const find = (done: readonly PassResult[], pass: string) => done.find((result) => result.pass === pass);
  const respond =
    (samples: number, temperature: number): PlannedPass['source'] =>
    (questions) => ({ questions, samples, temperature });
  const correct =
    (pass: string): PlannedPass['source'] =>
    (_, done) => {
      const attempts = find(done, pass)?.sampled;
      return attempts ? { attempts, next: false } : null;
    };
  const firstRound: PlannedPass['source'] = (_, done) => {
    const critiqued = find(done, 'samples')?.critiqued;
    return critiqued ? { critiqued } : null;
  };
  const nextRound =
    (round: number): PlannedPass['source'] =>
    (_, done) => {
      const attempts = find(done, `round-${round - 1}`)?.refined;
      return attempts && attempts.rows > 0 ? { attempts, next: true } : null;
    };

  const passes: PlannedPass[] = [
    { pass: 'greedy', on: 'greedy', reviewer, source: respond(1, 0), reviewed: 1, of: 1, temperature: 0 },
  ];
  if (samples > 0) {
    const withReviewer = reviewed > 0 ? reviewer : null;
    passes.push({
      pass: 'samples',
      on: 'samples',
      reviewer: withReviewer,
      source: respond(samples, actor.temperature),
      reviewed,
      of: samples,
      temperature: 0,
    });
  }
  if (selfCorrection) {
    passes.push({
      pass: 'self-greedy',
      on: 'greedy',
      reviewer: 'self',
      source: correct('greedy'),
      reviewed: 1,
      of: 1,
      temperature: 0,
    });
    if (reviewed > 0)
      passes.push({
        pass: 'self-samples',
        on: 'samples',
        reviewer: 'self',
        source: correct('samples'),
        reviewed,
        of: samples,
        temperature: 0,
      });
  }
  for (let round = 1; round <= (sequential?.rounds ?? 0); round++)
    passes.push({
      pass: `round-${round}`,
      on: 'chain',
      round,
      reviewer: 'critic',
      source: round === 1 ? firstRound : nextRound(round),
      reviewed: 1,
      of: round === 1 ? reviewed : 1,
      temperature: actor.temperature,
    });
  return passes;
}
