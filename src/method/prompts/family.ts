import type { Question } from '../rows.ts';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What a model is asked with: a text to continue, or chat messages. */
export type Prompt = string | Message[];

/**
 * How one family of models is asked to solve, to critique and to refine. `response` and `critique` come without the primer.
 * Training uses the same functions, so that a model is trained on exactly what it is asked with.
 */
export interface PromptFamily {
  kind: 'text' | 'messages';
  solve(question: Question): Prompt;
  critique(question: Question, response: string): Prompt;
  refine(question: Question, response: string, critique: string): Prompt;
  stop: readonly string[];
}
