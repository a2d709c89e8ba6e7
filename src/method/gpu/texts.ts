/** Mean tokens of the texts of a run. */
export interface TextSizes {
  question: number;
  response: number;
  critique: number;
  refinement: number;
  /** What is asked beside question and texts. */
  critiquePrompt: number;
  refinePrompt: number;
}

/** What a run is expected to do, before it has done it. */
export interface Expectation {
  /** What the numbers are of, for people. */
  like: string;
  sizes: TextSizes;
  /** Share of responses that are wrong. */
  wrong: number;
  /** Share of refinements of wrong responses that are right. */
  helpful: number;
}

/** Of mathematical English, by Llama-3's tokenizer. */
const CHARACTERS_PER_TOKEN = 3;
const tokens = (characters: number) => Math.round(characters / CHARACTERS_PER_TOKEN);

/** Characters are the means of the released triples (method.md G10); wrong and helpful are the paper's 8B actor and critic (its Table 2). */
export const EXPECTATIONS = {
  gsm8k: {
    like: 'GSM8K',
    sizes: {
      question: tokens(235 + 100),
      response: tokens(373),
      critique: tokens(1368),
      refinement: tokens(513),
      critiquePrompt: tokens(1200),
      refinePrompt: tokens(2411 - 235 - 373 - 1368),
    },
    wrong: 0.45,
    helpful: 0.31,
  },
  math: {
    like: 'MATH',
    sizes: {
      question: tokens(200 + 100),
      response: tokens(535),
      critique: tokens(1622),
      refinement: tokens(1032),
      critiquePrompt: tokens(1200),
      refinePrompt: tokens(2799 - 200 - 535 - 1622),
    },
    wrong: 0.83,
    helpful: 0.16,
  },
} as const satisfies Record<string, Expectation>;
