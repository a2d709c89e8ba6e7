/** GSM8K and MATH, in per cent, as arXiv 2411.16579 prints them for Llama-3-8B. */
export type Published<T = string> = Record<'gsm8k' | 'math', T>;

/** Table 2: accuracy, discriminability, helpfulness. */
export const TABLE_2: Record<'none' | 'untrained' | 'trained', Published> = {
  none: { gsm8k: '54.81', math: '17.22' },
  /** GPT-3.5-Turbo: the paper has no critic before its training. */
  untrained: { gsm8k: '58.38 / 62.9 / 13.3', math: '25.56 / 51.3 / 14.3' },
  trained: { gsm8k: '63.31 / 79.4 / 31.0', math: '24.26 / 75.7 / 16.2' },
};

/** Table 3: accuracy, pass@5, vote of 5; alone, and with the critic or, of self-correction, with itself as critic. */
export const TABLE_3: Record<
  'sft' | 'self-correction' | 'vanilla' | 'loop',
  Record<'alone' | 'reviewed', Published>
> = {
  sft: {
    alone: { gsm8k: '54.8 / 75.2 / 54.5', math: '17.2 / 35.0 / 15.6' },
    reviewed: { gsm8k: '63.3 / 87.6 / 75.4', math: '24.3 / 47.4 / 30.7' },
  },
  'self-correction': {
    alone: { gsm8k: '54.2 / 73.1 / 53.4', math: '18.1 / 32.4 / 16.6' },
    reviewed: { gsm8k: '60.1 / 81.5 / 67.2', math: '24.2 / 41.7 / 26.1' },
  },
  vanilla: {
    alone: { gsm8k: '64.6 / 83.4 / 70.6', math: '20.2 / 38.5 / 23.0' },
    reviewed: { gsm8k: '70.2 / 90.8 / 78.2', math: '27.0 / 48.8 / 31.4' },
  },
  loop: {
    alone: { gsm8k: '75.5 / 89.1 / 80.1', math: '31.3 / 51.0 / 35.1' },
    reviewed: { gsm8k: '75.8 / 91.8 / 82.8', math: '31.4 / 53.1 / 36.8' },
  },
};

/** Test sets by level 1 to 5, alone and with the critic (figure). */
export const BY_LEVEL: Published<readonly string[]> = {
  gsm8k: ['97 \u2192 95', '78 \u2192 84', '56 \u2192 71', '34 \u2192 51', '13 \u2192 24'],
  math: ['91 \u2192 88', '73 \u2192 71', '52 \u2192 57', '28 \u2192 40', '5 \u2192 12'],
};

/** Right samples, questions lost by the vote, questions without a right sample (figure). */
export const VOTES: Record<'alone' | 'reviewed', Published> = {
  alone: { gsm8k: '46 / 30 / 2', math: '15 / 76 / 23' },
  reviewed: { gsm8k: '62 / 16 / 1', math: '23 / 57 / 17' },
};

/** Vanilla and in the loop by iteration 0 to 3, with 10 samples (figure). */
export const BY_ITERATION: Published<readonly string[]> = {
  gsm8k: ['54.8 / 54.8', '63.0 / 71.0', '66.0 / 73.0', '65.0 / 75.0'],
  math: ['17.2 / 17.2', '20.7 / 29.2', '21.0 / 30.3', '21.0 / 30.6'],
};
