import { apply, findEquation } from '../../src/backends/datasets/arithmetic/chain.ts';
import { solutionSteps } from '../../src/backends/datasets/arithmetic/flaw.ts';
import { annotate, flaw } from '../../src/backends/datasets/arithmetic/index.ts';
import { writeSolution } from '../../src/backends/datasets/arithmetic/write.ts';
import { JUDGE_REQUEST } from '../../src/backends/grading/judge.ts';
import { CRITIQUE_REQUEST, PRIMER, REFINE_REQUEST, SHORT_REFINE_REQUEST } from '../../src/method/prompts/text.ts';
import { digest, type Random, randomFrom } from '../../src/method/random.ts';
import type { Question } from '../../src/method/rows.ts';
import { SMOOTH_REQUEST } from '../../src/method/self-talk/smooth-prompt.ts';

/** A request for generations, read. */
export interface Asked {
  kind: 'solve' | 'critique' | 'refine' | 'judge' | 'annotate' | 'mistake' | 'smooth';
  question: Question;
  model: string;
  /** The same for the same row in every attempt, and different for any other. */
  key: string;
  n: number;
  seed: number;
  temperature: number;
  chat: boolean;
  prompt: string;
}

export interface AnswerOptions {
  /** All that will be asked. */
  questions: Iterable<Question>;
  /** Share of right responses of a model; half by default. */
  skill?: (model: string) => number;
  /** Share of its critiques whose verdict on the final answer is right; all by default. */
  judgement?: (model: string) => number;
  /** What an annotator writes in the place of the exact critique; null: that. */
  annotation?: (request: Asked, exact: string) => string | null;
  /** What a writer of mistakes writes in the place of the next step with a wrong result; null: that. */
  mistake?: (request: Asked) => string | null;
  /** What a judge replies; "no" by default. */
  judge?: (prompt: string) => string;
  /** What a model makes of a chain of self-talk; its steps, one a line, by default. */
  smooth?: (prompt: string) => string;
}

/** An answer in OpenAI's form, and how many tokens it claims. */
export interface Answer {
  body: object;
  completionTokens: number;
}

/**
 * Answers to problems of the arithmetic world, right or wrong by a hash of prompt and seed, so that two runs give the same rows, and
 * exact critiques of them: what a server that is no model says.
 */
export class FakeAnswers {
  readonly #questions: Map<string, Question>;
  readonly #options: AnswerOptions;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#questions = new Map([...options.questions].map((question) => [question.question, question]));
  }

  read(body: Record<string, unknown>, chat: boolean): Asked {
    const prompt = chat
      ? (body.messages as { content: string }[]).map(({ content }) => content).join('\n')
      : (body.prompt as string);
    const kind = kindOf(prompt);
    const { model, n, seed, temperature } = body as { model: string; n: number; seed: number; temperature: number };
    const question = this.#questionIn(prompt);
    return { kind, question, model, key: `${seed}/${prompt}`, n, seed, temperature, chat, prompt };
  }

  /** @param counts whether it says how many tokens it took */
  answer(asked: Asked, counts = true): Answer {
    const texts = Array.from({ length: asked.n }, (_, i) => this.#write(asked, i));
    const tokens = (text: string) => Math.ceil(text.length / 4);
    const completionTokens = texts.reduce((sum, { text }) => sum + tokens(text), 0);
    const body = {
      model: asked.model,
      choices: texts.map(({ text, finish_reason }, index) => ({
        index,
        finish_reason,
        ...(asked.chat ? { message: { role: 'assistant', content: text } } : { text }),
      })),
      ...(counts && { usage: { prompt_tokens: tokens(asked.prompt), completion_tokens: completionTokens } }),
    };
    return { body, completionTokens };
  }

  #questionIn(prompt: string): Question {
    const lines = prompt
      .split('\n')
      .map((line) => line.replace(/^(Human|Question|Problem): | Please also give your final .*$/g, ''));
    const question = lines.map((line) => this.#questions.get(line)).find((found) => found);
    if (!question) throw new Error(`no question that this server knows: ${prompt.slice(0, 200)}`);
    return question;
  }

  #write(asked: Asked, index: number): { text: string; finish_reason: string } {
    const { kind, question, prompt, key, model } = asked;
    const random = randomFrom(digest(`${key}/${index}`) % 2 ** 31);
    const luck = random.next();
    const right = () => writeSolution(solutionSteps(question), random);
    const done = (text: string) => ({ text, finish_reason: 'stop' });
    if (kind === 'smooth') return done((this.#options.smooth ?? tell)(prompt));
    if (kind === 'judge') return done(this.#options.judge?.(prompt) ?? 'no');
    if (kind === 'mistake') return done(this.#options.mistake?.(asked) ?? miscalculated(prompt));
    if (kind === 'annotate') {
      const exact = annotate(question, pathIn(prompt));
      return done(this.#options.annotation?.(asked, exact) ?? exact);
    }
    if (kind === 'critique') {
      const critique = `Attempt ${index} at a critique.\n${annotate(question, responseIn(prompt))}`;
      return done(luck < (this.#options.judgement?.(model) ?? 1) ? critique : misjudged(critique));
    }
    const begun = kind === 'solve' ? begunIn(prompt) : [];
    if (begun.length > 0) return done(goOn(question, begun, luck, random));
    if (luck > 0.97) return done('I can not say.');
    if (luck > 0.94) return { text: right().slice(0, 10), finish_reason: 'length' };
    if (kind === 'refine' && luck > 0.85) return done(`The answer is ${question.reference}.`);
    const skill = this.#options.skill?.(model) ?? 0.5;
    const whole = luck < (kind === 'refine' ? 0.7 : skill) ? right() : flaw(question, random).response;
    // Where its answer has begun it goes on.
    return done(whole.split('\n').slice(begunIn(prompt).length).join('\n'));
  }
}

function kindOf(prompt: string): Asked['kind'] {
  if (prompt.includes(SMOOTH_REQUEST)) return 'smooth';
  if (prompt.includes(NEXT_STEP)) return 'mistake';
  if (prompt.includes(TO_CHECK)) return 'annotate';
  if (prompt.includes(JUDGE_REQUEST)) return 'judge';
  if (prompt.includes(REFINE_REQUEST) || prompt.includes(SHORT_REFINE_REQUEST)) return 'refine';
  return prompt.includes(CRITIQUE_REQUEST) ? 'critique' : 'solve';
}

/** What only the prompts of mistakes and of annotations have. */
const NEXT_STEP = '\n\nThe right next step:\n';
const TO_CHECK = '\n\nSolution to check:\n';

const pathIn = (prompt: string): string => prompt.slice(prompt.indexOf(TO_CHECK) + TO_CHECK.length);

const miscalculated = (prompt: string): string =>
  prompt
    .slice(prompt.indexOf(NEXT_STEP) + NEXT_STEP.length)
    .replace(/= ?(\d+)/, (_, result) => `=${Number(result) + 1}`);

/** The lines of an answer that has begun. */
const begunIn = (prompt: string): string[] =>
  prompt
    .slice(prompt.lastIndexOf(PRIMER) + PRIMER.length)
    .split('\n')
    .filter((line) => prompt.includes(PRIMER) && line !== '');

/** The rest of a solution, from where it has got to; half of them with a slip in the first step. */
function goOn(question: Question, begun: string[], luck: number, random: Random): string {
  let before = findEquation(begun.at(-1)!)!.after;
  const rest = solutionSteps(question)
    .slice(begun.length)
    .map(({ operation, operand }, i) => {
      const slip = i === 0 && luck < 0.5 ? 1 : 0;
      const step = { before, operation, operand, after: Math.abs(apply(before, operation, operand)) + slip };
      before = step.after;
      return step;
    });
  return rest.length > 0 ? writeSolution(rest, random) : `The answer is ${before}.`;
}

const misjudged = (critique: string): string =>
  critique.replace(
    /(final answer: )(Correct|Wrong)/,
    (_, before, label) => before + (label === 'Wrong' ? 'Correct' : 'Wrong'),
  );

const responseIn = (prompt: string): string =>
  prompt.slice(prompt.indexOf('Solution:\n') + 'Solution:\n'.length).replace(/\n\nAssistant:$/, '');

/** The steps of a chain, as a person would say them. */
export function tell(prompt: string): string {
  const lines = [...prompt.matchAll(/^(Step|Step seen again|Answer): (.*)\nRemark: (\w+)/gm)];
  const said = lines.map(([, name, step, remark]) => {
    const answer = name === 'Answer' && remark !== 'wrong' ? 'Answer: ' : '';
    return `${answer}${step}${remark === 'wrong' ? "\nWait. Oops, that's not right." : ''}`;
  });
  return said.join('\n');
}
