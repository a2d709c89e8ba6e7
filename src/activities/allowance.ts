import { dollarsOf, type Price } from '../method/price.ts';
import type { Prompt } from '../method/prompts/index.ts';

/** A request can't be afforded any more: what was finished before is all there will be. */
export class Exhausted extends Error {}

/** Tokens that a server may put around what it is sent: the turns and the system prompt of a chat template. */
const TEMPLATE_TOKENS = 200;

/**
 * What a shard may spend. A request is made only where its longest possible answer can be paid beside everything in flight, so that
 * the limit is never passed; one that has to wait for others to come back cheaper than feared waits.
 */
export class Allowance {
  readonly #price: Price;
  #left: number;
  #reserved = 0;
  #waiting: (() => void)[] = [];

  /** @param dollars that are left in all, before what earlier attempts of the shard have spent is taken off with `spend` */
  constructor(dollars: number, price: Price) {
    this.#left = dollars;
    this.#price = price;
  }

  spend(tokens: { prompt: number; completion: number }): void {
    this.#left -= dollarsOf(tokens, this.#price);
  }

  /** Makes a request within the allowance. @throws Exhausted where it can't be afforded with nothing else in flight */
  async within<T extends { promptTokens: number; completionTokens: number }>(
    request: { prompt: Prompt; n: number; maxTokens: number },
    make: () => Promise<T>,
  ): Promise<T> {
    const most = dollarsOf(
      { prompt: mostTokens(request.prompt), completion: request.n * request.maxTokens },
      this.#price,
    );
    while (this.#reserved + most > this.#left) {
      if (this.#reserved === 0) throw new Exhausted('the cost limit leaves no room for another request');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#reserved += most;
    try {
      const made = await make();
      this.spend({ prompt: made.promptTokens, completion: made.completionTokens });
      return made;
    } finally {
      this.#reserved -= most;
      // Sums of fractions: nothing in flight is nothing reserved.
      if (this.#reserved < 1e-12) this.#reserved = 0;
      for (const look of this.#waiting.splice(0)) look();
    }
  }
}

/** No tokenizer has more tokens than bytes for a text. */
function mostTokens(prompt: Prompt): number {
  const texts = typeof prompt === 'string' ? [prompt] : prompt.map(({ content }) => content);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), TEMPLATE_TOKENS);
}
