import type { HubRequest } from './hub-client.ts';
import type { Shape } from './questions.ts';

/** As in the original files and in EleutherAI/hendrycks_math; HuggingFaceH4/MATH-500 says subject for type. */
export const MATH: Shape = {
  fields: { question: 'problem', answer: 'solution', level: 'level', subject: ['type', 'subject'] },
  answers: 'math',
};

/** 7,500 and 5,000 questions. lighteval/MATH, which the reference scripts load, is gone. */
export const mathOnHub = (split: 'train' | 'test'): HubRequest => ({
  source: 'math',
  name: 'DigitalLearningGmbH/MATH-lighteval',
  revision: '0530c78699ea5e8eb5530600900e1f328b48acad',
  files: `data/${split}-*.parquet`,
});
