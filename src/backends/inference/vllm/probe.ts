import { request } from 'undici';
import { ConnectionError, HttpError } from '../errors.ts';

/** Logarithms of the likeliest next tokens, token by token, as weights answer a fixed prompt. */
export type Answer = Record<string, number>[];

/** Longer than two blocks of vLLM's prefix cache: keys and values of other weights would show. */
const PROMPT =
  'Alice has 12 apples and buys 7 more. She gives 5 of them to Bob, and shares the others among 2 friends. ' +
  'How many apples does each friend have?\nAnswer:';
const TOKENS = 8;
const ALTERNATIVES = 5;
/** In nats: twice what a last bit of a bfloat16 logit may be. */
const TOLERANCE = 0.3;

/** Asks for the greedy answer to the probe. */
export async function probe(origin: string, model: string): Promise<Answer> {
  const body = { model, prompt: PROMPT, max_tokens: TOKENS, temperature: 0, logprobs: ALTERNATIVES };
  const response = await request(`${origin}/v1/completions`, {
    method: 'POST',
    reset: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((error) => {
    throw new ConnectionError(error);
  });
  const text = await response.body.text();
  if (response.statusCode !== 200)
    throw new HttpError(response.statusCode, `${response.statusCode} ${text.slice(0, 500)}`);
  return JSON.parse(text).choices[0].logprobs.top_logprobs;
}

/** Whether they are the answers of the same weights: the first token's likeliest, each as likely but for rounding. */
export function agree([a]: Answer, [b]: Answer): boolean {
  if (!a || !b) return a === b;
  const best = (all: Record<string, number>) => Object.entries(all).sort(([, p], [, q]) => q - p)[0]!;
  return [best(a), best(b)].every(([token]) => Math.abs((a[token] ?? -99) - (b[token] ?? -99)) <= TOLERANCE);
}

/** Whether they are equal to the last bit, as those of two weights never are. */
export const areEqual = (a: Answer, b: Answer): boolean => JSON.stringify(a) === JSON.stringify(b);
