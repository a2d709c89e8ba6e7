import type { Question } from '../rows.ts';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What a model is asked with: a text to continue, or chat messages. */
export type Prompt = string | Message[];

/**
 * How one family of models is asked to solve, to critique and to refine. `response` and `critique` come without a primer.
 * Training uses the same functions, so that a model is trained on exactly what it is asked with.
 */
interface Asks<P extends Prompt> {
  solve(question: Question): P;
  /** For a solution that checks and repairs itself as it is written. */
  selfTalk(question: Question): P;
  critique(question: Question, response: string): P;
  /** What the user says in it, for trainers that put their own template around that. */
  critiqueTurn(question: Pick<Question, 'question'>, response: string): string;
  refine(question: Question, response: string, critique: string): P;
  /**
   * Texts that end a generation: ends of turns, and nothing that a solution could hold. Engines that take special tokens for text stop
   * at them; others stop at the model's end-of-sequence tokens, with which training ends every completion.
   */
  stop: readonly string[];
}

/**
 * Asked with a text to continue. Prompts that ask for a solution end in a primer. None begins with a beginning-of-text token: the engine's
 * tokenizer adds its own where the model has one, and so does the trainer's.
 */
export interface TextFamily extends Asks<string> {
  kind: 'text';
  /** What a completion ends with to train on; '' where the end-of-sequence token is all, which the trainer adds where there is none. */
  endOfTurn: string;
}

/** Asked with messages, to which the engine and the trainer apply the chat template of the model's tokenizer. */
export interface MessagesFamily extends Asks<Message[]> {
  kind: 'messages';
}

export type PromptFamily = TextFamily | MessagesFamily;
