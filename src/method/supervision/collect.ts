import type { Attempt, Generation, Grade } from '../rows.ts';
import type { Draw, Review, Reviewer, Scored, ScoredText } from './scored.ts';

/** What the rows of a stage are about. */
export interface Place {
  /** The greedy responses, the samples, or the chain from the first sample. */
  on: 'greedy' | 'samples' | 'chain';
  /** Who critiqued; null in rows that are responses only. */
  reviewer: Reviewer | null;
  /** Of a chain. */
  round?: number;
}

/** A question's different answers in the order in which they were drawn, and whether each is right. */
export interface Answers {
  id: string;
  answers: string[];
}

interface Collected extends Scored {
  /** By answer: its place among them, and its grade. */
  answers: Map<string, { place: number; right: boolean }>;
}

/** Gathers the rows of an evaluation by question and reduces them to what the metrics need. Stages come in the order of their making. */
export class Collection {
  readonly #questions = new Map<string, Collected>();

  /** @param firstWrongStep of the response, where the truth is known */
  response(place: Place, { question, sample, response, grade }: Attempt, firstWrongStep: number | null): void {
    const collected = this.#of({ question });
    const draw: Draw = { ...scored(collected, response, grade), firstWrongStep, reviews: {} };
    if (place.on === 'greedy') collected.greedy = draw;
    else collected.samples[sample] = draw;
  }

  critique(place: Place, row: Attempt): void {
    const { critique, round = 1 } = row;
    if (!critique) return;
    const { verdict, firstWrongStep, promptTokens, completionTokens, text } = critique;
    const blank = text.trim() === '';
    const review: Review = { verdict, firstWrongStep, blank, promptTokens, completionTokens, refinement: null };
    if (place.on === 'chain') this.#of(row).chain[round - 1] = review;
    else {
      const draw = this.#draw(place, row);
      if (draw) draw.reviews[place.reviewer!] = review;
      // A chain begins with the critique of the first sample, whether or not a gate has it go on from there.
      if (draw && place.on === 'samples' && place.reviewer === 'critic' && row.sample === 0)
        this.#of(row).chain[0] = { ...review };
    }
  }

  refinement(place: Place, row: Attempt): void {
    const { refinement, round = 1 } = row;
    if (!refinement) return;
    const collected = this.#of(row);
    const text = scored(collected, refinement, refinement.grade);
    if (place.on === 'chain') {
      const review = collected.chain[round - 1];
      if (review) review.refinement = text;
    } else {
      const review = this.#draw(place, row)?.reviews[place.reviewer!];
      if (review) review.refinement = text;
    }
  }

  /** The reviewer's work on this question's shard was cut short. */
  unfinished({ on, reviewer, round = 1 }: Place, id: string): void {
    const collected = this.#questions.get(id);
    if (!collected) return;
    if (on === 'chain') collected.rounds = Math.min(collected.rounds ?? round - 1, round - 1);
    const draws = on === 'chain' ? [] : on === 'samples' ? collected.samples : [collected.greedy];
    for (const draw of draws) if (draw && reviewer) draw.unfinished = [...(draw.unfinished ?? []), reviewer];
  }

  /** What has to be told apart by meaning. */
  answers(): Answers[] {
    return [...this.#questions.values()].map(({ id, answers }) => ({ id, answers: [...answers.keys()] }));
  }

  /** @param classes for each question, in the order of `answers()`: the places of the answers that mean the same, the first one standing for all */
  finish(classes: readonly (readonly (readonly number[])[])[]): Scored[] {
    return [...this.#questions.values()].map(({ answers, ...question }, at) => {
      const rights = [...answers.values()].map(({ right }) => right);
      const classOf: number[] = [];
      for (const [id, members] of classes[at]!.entries()) for (const place of members) classOf[place] = id;
      const settle = (text: ScoredText) => {
        if (text.class !== null) text.class = classOf[text.class]!;
      };
      const settleReview = ({ refinement }: Review) => refinement && settle(refinement);
      const draws = [...(question.greedy ? [question.greedy] : []), ...question.samples];
      for (const draw of draws) {
        settle(draw);
        for (const review of Object.values(draw.reviews)) settleReview(review);
      }
      for (const review of question.chain) settleReview(review);
      return { ...question, classes: classes[at]!.map(([first]) => rights[first!]!) };
    });
  }

  #of({ question: { id, level } }: Pick<Attempt, 'question'>): Collected {
    const known = this.#questions.get(id);
    if (known) return known;
    const fresh = { id, level: level ?? null, classes: [], greedy: null, samples: [], chain: [], answers: new Map() };
    this.#questions.set(id, fresh);
    return fresh;
  }

  #draw({ on }: Place, row: Attempt): Draw | null | undefined {
    const collected = this.#of(row);
    return on === 'greedy' ? collected.greedy : collected.samples[row.sample];
  }
}

function scored(
  { answers }: Collected,
  { text, promptTokens, completionTokens }: Generation,
  { outcome, answer }: Grade,
): ScoredText & { blank: boolean } {
  const common = { outcome, promptTokens, completionTokens, blank: text.trim() === '' };
  // An answer that could not be graded or read says nothing in a vote.
  if (answer === null || (outcome !== 'correct' && outcome !== 'wrong')) return { ...common, class: null };
  if (!answers.has(answer)) answers.set(answer, { place: answers.size, right: outcome === 'correct' });
  return { ...common, class: answers.get(answer)!.place };
}
