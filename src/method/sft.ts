import { trimCritique } from './critique.ts';
import { PROMPT_FAMILIES, type Prompt, type PromptFamilyName, questionPrompt, stripPrimer } from './prompts/index.ts';
import { PRIMER, SELF_TALK_PRIMER } from './prompts/text.ts';
import type { Question, RefinementTriple } from './rows.ts';

/**
 * reason: a gold pair of D_reason. refine: a gold triple of D_refine. correct: a right response. refined: a right refinement as a plain
 * pair, its critique dropped. feedback: the same refinement with the response and the critique it came from.
 */
export type SftKind = 'reason' | 'refine' | 'correct' | 'refined' | 'feedback';

/** What a model learns from: a text and its continuation, or messages and the assistant's next. */
export interface TrainingRow {
  prompt: Prompt;
  completion: Prompt;
  questionId: string;
}

/** What an actor learns from. */
export interface SftRow extends TrainingRow {
  kind: SftKind;
}

/** (x) to y: asked as sampling asks. */
export function solveRow(family: PromptFamilyName, kind: SftKind, question: Question, solution: string): SftRow {
  const prompt = PROMPT_FAMILIES[family].solve(question);
  return { prompt, completion: completionOf(family, solution), kind, questionId: question.id };
}

/** (x, y, c) to y': asked as refining asks. */
export function refineRow(family: PromptFamilyName, kind: SftKind, triple: RefinementTriple): SftRow {
  const prompt = refinePrompt(family, triple.question, triple.response, triple.critique);
  return { prompt, completion: completionOf(family, triple.refinement), kind, questionId: triple.question.id };
}

/** (x, y) to c, for a critic: asked as it is asked for critiques. */
export function critiqueRow(
  family: PromptFamilyName,
  question: Question,
  response: string,
  critique: string,
): TrainingRow {
  const prompt = critiquePrompt(family, question, response);
  return { prompt, completion: ended(family, trimCritique(critique)), questionId: question.id };
}

/** (x) to a self-talk: asked as an actor of that style is. */
export function selfTalkRow(family: PromptFamilyName, question: Question, talk: string): TrainingRow {
  const said = stripPrimer(talk);
  const written = PROMPT_FAMILIES[family].kind === 'text' ? said : `${SELF_TALK_PRIMER}${said}`;
  return {
    prompt: questionPrompt(family, 'self-talk', question),
    completion: ended(family, written),
    questionId: question.id,
  };
}

/** What an actor is asked for a refinement, from texts as the models wrote them: sampling and training build it here, so that they agree. */
export function refinePrompt(family: PromptFamilyName, question: Question, response: string, critique: string): Prompt {
  return PROMPT_FAMILIES[family].refine(question, stripPrimer(response), trimCritique(critique));
}

/** What a critic is asked, from a response as the actor wrote it. */
export function critiquePrompt(family: PromptFamilyName, question: Question, response: string): Prompt {
  return PROMPT_FAMILIES[family].critique(question, stripPrimer(response));
}

/** A solution as the completion to train on: text prompts end in the primer, an instruct model writes it itself. */
function completionOf(family: PromptFamilyName, solution: string): Prompt {
  const text = stripPrimer(solution);
  return ended(family, PROMPT_FAMILIES[family].kind === 'text' ? text : `${PRIMER}${text}`);
}

/** An assistant's text with the end of its turn; a chat template puts that there itself. */
function ended(name: PromptFamilyName, text: string): Prompt {
  const family = PROMPT_FAMILIES[name];
  return family.kind === 'text' ? `${text}${family.endOfTurn}` : [{ role: 'assistant', content: text }];
}

/** A question's gold solution as a response would be written, ending in the answer sentence; null where the dataset has no solution. */
export function goldResponse({ solution, reference, answerFormat }: Question): string | null {
  if (solution === undefined) return null;
  const worked = solution.replace(/\n####[^\n]*\s*$/, '').trim();
  if (/The answer is [^\n]*$/.test(worked)) return worked;
  return `${worked}\nThe answer is ${answerFormat === 'boxed' ? `$\\boxed{${reference}}$` : reference}.`;
}
