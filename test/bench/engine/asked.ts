/** What the model is asked, by whomever. */
export interface Asked {
  questions: number;
  samples: number;
  maxTokens: number;
}

export const TEMPERATURE = 0.7;

export const tested = ({ questions }: Pick<Asked, 'questions'>) =>
  ({ source: 'arithmetic', split: 'test', seed: 1, count: questions }) as const;
