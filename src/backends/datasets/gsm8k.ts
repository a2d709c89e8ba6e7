import type { HubRequest } from './hub-client.ts';
import type { Shape } from './questions.ts';

export const GSM8K: Shape = { fields: { question: 'question', answer: 'answer' }, answers: 'gsm8k' };

/** 7,473 and 1,319 questions. */
export const gsm8kOnHub = (split: 'train' | 'test'): HubRequest => ({
  source: 'gsm8k',
  name: 'openai/gsm8k',
  revision: '740312add88f781978c0658806c59bc2815b9866',
  files: `main/${split}-*.parquet`,
});
