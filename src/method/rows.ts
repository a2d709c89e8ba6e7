/** Levels of difficulty, 1 (easy) to 5 (hard). */
export type Level = 1 | 2 | 3 | 4 | 5;

export interface Question {
  /** Stable and unique within its dataset, for instance `gsm8k-train-1c0ffee5`. */
  id: string;
  question: string;
  /** The gold final answer. */
  reference: string;
  /** The gold worked solution, one step a line, where the dataset has one. */
  solution?: string;
  level?: Level;
  /** As the dataset calls it, for instance `Number Theory`. */
  subject?: string;
  /** How the final answer is asked for and written: `The answer is 5.` or `The answer is $\boxed{5}$.` */
  answerFormat: AnswerFormat;
}

export type AnswerFormat = 'plain' | 'boxed';

/**
 * The oracle's judgement of one text. Only `correct` and `wrong` are judgements of an answer that was found:
 * `unparsed` had none, `truncated` was cut off before one, `ungraded` means that the grader failed, never that the text did.
 */
export type Outcome = 'correct' | 'wrong' | 'unparsed' | 'truncated' | 'ungraded';

export interface Grade {
  outcome: Outcome;
  /** The answer found in the text, as written; null where there was none. */
  answer: string | null;
  /** What decided, in the words of the tier: for `rules` the kind of answers that were compared, or why there was nothing to compare. */
  rule: string;
  /** Who decided: the rules of this repository, or a second opinion that was asked for. */
  tier: GradeTier;
}

export type GradeTier = 'rules' | 'math-verify' | 'judge';

/**
 * rejected: the engine refused the prompt. failed: it failed at this prompt again and again, and answered others meanwhile.
 * unavailable: given up on after a time, where the run goes on without.
 */
export type FinishReason = 'stop' | 'length' | 'context_exceeded' | Unanswered;

export type Unanswered = 'rejected' | 'failed' | 'unavailable';

const UNANSWERED: ReadonlySet<FinishReason> = new Set<Unanswered>(['rejected', 'failed', 'unavailable']);

/** Whether there is no text, by the engine's doing. */
export const isUnanswered = (finishReason: FinishReason): finishReason is Unanswered => UNANSWERED.has(finishReason);

/** One text that a model wrote, with what it cost. */
export interface Generation {
  text: string;
  finishReason: FinishReason;
  model: string;
  seed: number;
  /** Its share of what its request cost: a request for n texts has one prompt and one total. */
  promptTokens: number;
  completionTokens: number;
  /** Why the engine did not answer the request, where it did not. */
  refusal?: string;
}

export type Verdict = 'correct' | 'wrong' | 'unparsed';

export interface Critique extends Generation {
  verdict: Verdict;
  /** 1-based; null where every step is labelled correct or no step was found. */
  firstWrongStep: number | null;
  /** Which of the L critiques of this response. */
  index: number;
  /** Of a critique that an annotator wrote to be trained on. */
  annotation?: Annotation;
}

/** What an annotator is told beside question and response: the reference; where the mistake is; what kind of mistake (method.md B1). */
export type InformationLevel = 'reference' | 'location' | 'mistake';

export interface Annotation {
  information: InformationLevel;
  /** Why it can't be trained on; null where nothing speaks against it. */
  problem: AnnotationProblem | null;
}

/**
 * unavailable: the annotator did not answer in time. rejected: its server refused the prompt. failed: it failed at it again and again.
 * refused: it declined. truncated: cut off.
 * off-format: not a critique. leak: it speaks of the reference, which a critic will not have. verdict: it contradicts the oracle.
 * location: it finds the first mistake where none can be.
 */
export type AnnotationProblem = Unanswered | 'refused' | 'truncated' | 'off-format' | 'leak' | 'verdict' | 'location';

/**
 * How a path that is annotated came about (method.md B1): sampled from scratch, continued at a raised temperature, continued from a planted
 * mistake, or sampled and right.
 */
export type PathStrategy = 'RG1' | 'RG2' | 'RG3' | 'right';

export interface PathOrigin {
  strategy: PathStrategy;
  /** 1-based: the step at which it was made to go wrong, all before being right; null where nobody knows, or where nothing is wrong. */
  errorStep: number | null;
  /** What kind of mistake was planted; null where none was. */
  mistake: string | null;
  /** Who wrote the mistake. */
  mistakeModel: string | null;
  /** Of what was sampled for it. */
  temperature: number;
  /** Where the steps before errorStep come from; null without any. */
  prefixSource: 'gold' | 'sampled' | null;
}

export interface Refinement extends Generation {
  grade: Grade;
  /** Which of the refinements of this critique. */
  index: number;
}

/**
 * One row. Fields accumulate: after sampling it has a response and its grade, after the critic a critique, after refining a refinement.
 * A response with L critiques is L rows from there on, and a critique with R refinements is R rows.
 */
export interface Attempt {
  question: Question;
  /** Which of the N samples of this question. */
  sample: number;
  /** Of a chain: 2 and later ones respond with the refinement of the round before. Absent in the first. */
  round?: number;
  response: Generation;
  grade: Grade;
  /** Of a path that was made to be annotated. */
  path?: PathOrigin;
  critique?: Critique;
  refinement?: Refinement;
}

/** What makes a row unique within its stage. */
export function rowKey(row: Attempt): string {
  const parts: (string | number)[] = [row.question.id, row.sample];
  if (row.critique) parts.push(row.critique.index);
  if (row.refinement) parts.push(row.refinement.index);
  return parts.join('/');
}

/** The attempt that a chain's next round begins with: what was the refinement is the response. */
export function nextRound({ question, sample, round = 1, refinement }: Attempt): Attempt | null {
  if (!refinement) return null;
  const { grade, index: _, ...response } = refinement;
  return { question, sample, round: round + 1, response, grade };
}

/** A refinement triple of D_refine: (x, y, c, y'). */
export interface RefinementTriple {
  question: Question;
  response: string;
  critique: string;
  refinement: string;
}
