import { type ArtifactRef, readAllRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { ExploredQuestion } from '../method/exploration.ts';
import type { Attempt } from '../method/rows.ts';
import { Follower, grouped } from './follower.ts';

/** What an exploration wrote; the lists of a stage that was not reached are empty. */
export interface Exploration {
  sampled: ArtifactRef[];
  critiqued: ArtifactRef[];
  refined: ArtifactRef[];
}

/** Joins the stages of an exploration, question by question: all of them keep the order of the questions. */
export async function* exploredQuestions(
  store: Store,
  { sampled, critiqued, refined }: Exploration,
): AsyncIterable<ExploredQuestion> {
  const critiques = new Follower(readAllRows<Attempt>(store, critiqued), questionOf);
  const refinements = new Follower(readAllRows<Attempt>(store, refined), questionOf);
  for await (const responses of grouped(readAllRows<Attempt>(store, sampled), questionOf)) {
    const id = questionOf(responses[0]!);
    yield { responses, critiques: await critiques.take(id), refinements: await refinements.take(id) };
  }
  await critiques.end();
  await refinements.end();
}

const questionOf = ({ question }: Attempt) => question.id;
