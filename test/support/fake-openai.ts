import { existsSync, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { apply, findEquation } from '../../src/backends/datasets/arithmetic/chain.ts';
import { solutionSteps } from '../../src/backends/datasets/arithmetic/flaw.ts';
import { annotate, flaw } from '../../src/backends/datasets/arithmetic/index.ts';
import { writeSolution } from '../../src/backends/datasets/arithmetic/write.ts';
import { JUDGE_REQUEST } from '../../src/backends/grading/judge.ts';
import { CRITIQUE_REQUEST, PRIMER, REFINE_REQUEST, SHORT_REFINE_REQUEST } from '../../src/method/prompts/text.ts';
import { digest, type Random, randomFrom } from '../../src/method/random.ts';
import type { Question } from '../../src/method/rows.ts';
import { SMOOTH_REQUEST } from '../../src/method/self-talk/smooth-prompt.ts';

export interface FakeRequest {
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
  /** `pending` until it is answered, refused or its client went away. */
  state: 'pending' | 'answered' | 'refused' | 'abandoned';
  /** How often this row had been answered before. */
  before: number;
  /** When it was answered, in milliseconds since the epoch. */
  answeredAt?: number;
}

/** What a request gets instead of an answer, or before it. */
export type Fault =
  | { delayMs: number }
  | { status: number; message?: string; retryAfter?: string }
  | { hang: true }
  | { reset: true }
  | { wrongJson: true };

export interface FakeOptions {
  /** All that will be asked. */
  questions: Iterable<Question>;
  /** Names it serves; it also serves every finished checkpoint in this store. */
  models?: string[];
  store?: string;
  /** Share of right responses of a model; half by default. */
  skill?: (model: string) => number;
  /** Share of its critiques whose verdict on the final answer is right; all by default. */
  judgement?: (model: string) => number;
  /** What an annotator writes in the place of the exact critique; null: that. */
  annotation?: (request: FakeRequest, exact: string) => string | null;
  /** What a writer of mistakes writes in the place of the next step with a wrong result; null: that. */
  mistake?: (request: FakeRequest) => string | null;
  /** What a judge replies; "no" by default. */
  judge?: (prompt: string) => string;
  /** What a model makes of a chain of self-talk; its steps, one a line, by default. */
  smooth?: (prompt: string) => string;
}

/**
 * An OpenAI-compatible server that is no model: it answers problems of the arithmetic world right or wrong by a hash of prompt and
 * seed, so that two runs give the same rows, critiques them exactly, and misbehaves as it is told.
 */
export class FakeOpenAi {
  /** Every request for generations, as it came. */
  readonly requests: FakeRequest[] = [];
  /** Decides what goes wrong with a request; nothing by default. */
  fault: (request: FakeRequest) => Fault | null = () => null;
  /** Whether answers say how many tokens they took. */
  counts = true;
  /** Milliseconds since the epoch at which the last request ended. */
  idleSince = Date.now();
  readonly #questions: Map<string, Question>;
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #given = new Map<string, number>();
  readonly #holds = new Set<Hold>();

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#questions = new Map([...options.questions].map((question) => [question.question, question]));
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => {
        if (!response.headersSent) send(response, 500, { error: { message: String(error) } });
      });
    });
  }

  static async start(options: FakeOptions): Promise<FakeOpenAi> {
    const fake = new FakeOpenAi(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  get inFlight(): number {
    return this.requests.filter(({ state }) => state === 'pending').length;
  }

  /** Requests for rows that had already been answered: what was generated twice. */
  get repeated(): FakeRequest[] {
    return this.requests.filter(({ before }) => before > 0);
  }

  /** Keeps matching requests waiting, from now until they are released. */
  hold(match: (request: FakeRequest) => boolean): Hold {
    const hold = new Hold(match, () => this.#holds.delete(hold));
    this.#holds.add(hold);
    return hold;
  }

  async close(): Promise<void> {
    for (const hold of this.#holds) hold.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/models') return send(response, 200, { data: this.#models().map((id) => ({ id })) });
    let body = '';
    for await (const chunk of request) body += chunk;
    const asked = this.#read(JSON.parse(body), request.url === '/v1/chat/completions');
    this.requests.push(asked);
    const gone = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (asked.state === 'pending') asked.state = 'abandoned';
        this.idleSince = Date.now();
        resolve();
      });
    });
    for (const hold of this.#holds) if (hold.match(asked)) await Promise.race([hold.wait(), gone]);
    const fault = this.fault(asked);
    if (fault && 'delayMs' in fault) await Promise.race([after(fault.delayMs), gone]);
    else if (fault && 'hang' in fault) await gone;
    else if (fault) {
      asked.state = 'refused';
      return misbehave(response, fault);
    }
    if (response.closed) return;
    asked.state = 'answered';
    asked.answeredAt = Date.now();
    this.#given.set(asked.key, (this.#given.get(asked.key) ?? 0) + 1);
    send(response, 200, this.#answer(asked));
  }

  #models(): string[] {
    const { models = ['critic'], store } = this.#options;
    if (!store || !existsSync(store)) return models;
    const files = readdirSync(store, { recursive: true, encoding: 'utf8' });
    return [...models, ...files.filter((file) => file.endsWith('/checkpoint')).map((file) => join(store, file))];
  }

  #read(body: Record<string, unknown>, chat: boolean): FakeRequest {
    const prompt = chat
      ? (body.messages as { content: string }[]).map(({ content }) => content).join('\n')
      : (body.prompt as string);
    const kind = kindOf(prompt);
    const { model, n, seed, temperature } = body as { model: string; n: number; seed: number; temperature: number };
    const key = `${seed}/${prompt}`;
    const before = this.#given.get(key) ?? 0;
    const question = this.#questionIn(prompt);
    return { kind, question, model, key, n, seed, temperature, chat, prompt, state: 'pending', before };
  }

  #questionIn(prompt: string): Question {
    const lines = prompt
      .split('\n')
      .map((line) => line.replace(/^(Human|Question|Problem): | Please also give your final .*$/g, ''));
    const question = lines.map((line) => this.#questions.get(line)).find((found) => found);
    if (!question) throw new Error(`no question that this server knows: ${prompt.slice(0, 200)}`);
    return question;
  }

  #answer(asked: FakeRequest): object {
    const texts = Array.from({ length: asked.n }, (_, i) => this.#write(asked, i));
    const tokens = (text: string) => Math.ceil(text.length / 4);
    const completion = texts.reduce((sum, { text }) => sum + tokens(text), 0);
    return {
      model: asked.model,
      choices: texts.map(({ text, finish_reason }, index) => ({
        index,
        finish_reason,
        ...(asked.chat ? { message: { role: 'assistant', content: text } } : { text }),
      })),
      ...(this.counts && { usage: { prompt_tokens: tokens(asked.prompt), completion_tokens: completion } }),
    };
  }

  #write(asked: FakeRequest, index: number): { text: string; finish_reason: string } {
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

/** Requests that are kept waiting. */
export class Hold {
  readonly match: (request: FakeRequest) => boolean;
  readonly #end: () => void;
  readonly #released: Promise<void>;
  #release!: () => void;
  #waiting = 0;
  #watchers: { count: number; resolve: () => void }[] = [];

  constructor(match: (request: FakeRequest) => boolean, end: () => void) {
    this.match = match;
    this.#end = end;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async wait(): Promise<void> {
    this.#waiting++;
    for (const { count, resolve } of this.#watchers) if (this.#waiting >= count) resolve();
    await this.#released;
  }

  /** Resolves when so many requests wait. */
  async reached(count = 1): Promise<void> {
    if (this.#waiting >= count) return;
    await new Promise<void>((resolve) => this.#watchers.push({ count, resolve }));
  }

  release(): void {
    this.#end();
    this.#release();
  }
}

function kindOf(prompt: string): FakeRequest['kind'] {
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

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function misbehave(response: ServerResponse, fault: Exclude<Fault, { delayMs: number } | { hang: true }>): void {
  if ('status' in fault) {
    const { status, message = `fault ${status}`, retryAfter } = fault;
    send(response, status, { error: { message } }, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
  } else if ('reset' in fault) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"choices":[{"text":"half');
    setTimeout(() => response.destroy(), 5);
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"choices": [');
  }
}
