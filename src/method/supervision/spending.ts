import type { Reviewer, ScoredText } from './scored.ts';
import type { Strategy, Use } from './summary.ts';

/** What generated: the actor's greedy responses and samples, a reviewer's critiques, their refinements, and the chain's own. */
export type Part =
  | 'greedy'
  | 'samples'
  | `${Reviewer} critique`
  | `${Reviewer} refinement`
  | 'chain critique'
  | 'chain refinement';

/** What a token costs. */
export interface Rate {
  /** Wall clock of the part's stages over the completion tokens that these generated. */
  secondsPerToken: number;
  /** US dollars per token; null without a price. */
  dollars: { prompt: number; completion: number } | null;
}

/** A part that is absent takes no time and has no price. */
export type Rates = Partial<Record<Part, Rate>>;

type Tokens = Pick<ScoredText, 'promptTokens' | 'completionTokens'>;

interface Amount extends Tokens {
  generations: number;
}

/** What was generated, by the step it was generated for. */
export type Spending = Record<'response' | 'critique' | 'refinement', Amount>;

const STEPS = ['response', 'critique', 'refinement'] as const;

const nothing = (): Amount => ({ generations: 0, promptTokens: 0, completionTokens: 0 });

export function spendNothing(): Spending {
  return { response: nothing(), critique: nothing(), refinement: nothing() };
}

/** Adds what was made, of an answer or of a part of it. */
export function spend(spending: Spending, made: Record<keyof Spending, Tokens | null>): void {
  add(spending.response, made.response);
  add(spending.critique, made.critique);
  add(spending.refinement, made.refinement);
}

function add(amount: Amount, text: Tokens | null): void {
  if (!text) return;
  amount.generations++;
  amount.promptTokens += text.promptTokens;
  amount.completionTokens += text.completionTokens;
}

/** The sum of all, times a factor: 1 over how many there are for their mean. */
export function spendingOf(all: readonly Spending[], factor: number): Spending {
  const total = (step: keyof Spending): Amount => ({
    generations: factor * all.reduce((sum, each) => sum + each[step].generations, 0),
    promptTokens: factor * all.reduce((sum, each) => sum + each[step].promptTokens, 0),
    completionTokens: factor * all.reduce((sum, each) => sum + each[step].completionTokens, 0),
  });
  return { response: total('response'), critique: total('critique'), refinement: total('refinement') };
}

/** Prompt and completion tokens. */
export function tokensOf(spending: Spending): number {
  return STEPS.reduce((sum, step) => sum + spending[step].promptTokens + spending[step].completionTokens, 0);
}

/** A strategy's spending at the rates of what generated it. Has a cost where one of its parts has a price. */
export function useOf(spending: Spending, strategy: Strategy, rates: Rates): Use {
  const parts = partsOf(strategy).map(([step, part]) => ({ ...spending[step], rate: rates[part] }));
  const total = (amount: (part: (typeof parts)[number]) => number) =>
    parts.reduce((sum, part) => sum + amount(part), 0);
  const isPriced = parts.some(({ rate }) => rate?.dollars);
  return {
    generations: total(({ generations }) => generations),
    promptTokens: total(({ promptTokens }) => promptTokens),
    completionTokens: total(({ completionTokens }) => completionTokens),
    seconds: total(({ completionTokens, rate }) => completionTokens * (rate?.secondsPerToken ?? 0)),
    cost: isPriced
      ? total(({ promptTokens, completionTokens, rate }) =>
          rate?.dollars ? promptTokens * rate.dollars.prompt + completionTokens * rate.dollars.completion : 0,
        )
      : null,
  };
}

function partsOf({ method, reviewer, gate }: Strategy): [keyof Spending, Part][] {
  const parts: [keyof Spending, Part][] = [['response', method === 'greedy' ? 'greedy' : 'samples']];
  if (!reviewer) return parts;
  const by = method.startsWith('sequential') ? 'chain' : reviewer;
  parts.push(['critique', `${by} critique`]);
  if (gate) parts.push(['refinement', `${by} refinement`]);
  return parts;
}
