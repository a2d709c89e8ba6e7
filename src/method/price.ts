/** US dollars per million tokens, as providers state it. */
export interface Price {
  prompt: number;
  completion: number;
}

/** What tokens cost, in US dollars. */
export function dollarsOf(tokens: { prompt: number; completion: number }, price: Price): number {
  return (tokens.prompt * price.prompt + tokens.completion * price.completion) / 1e6;
}

/** The price of a model, as it is configured. */
export const priceOf = (config: object): Price | null => ('price' in config ? ((config.price as Price) ?? null) : null);
