import type { OracleConfig } from '../../config/oracle.ts';
import type { Generation, Grade, GradeTier, Question } from '../../method/rows.ts';
import type { Engine } from '../inference/engine.ts';
import { type Metrics, NO_METRICS, secondsSince } from '../metrics.ts';
import { askJudge } from './judge.ts';
import type { MathVerify } from './math-verify.ts';
import type { Done } from './serve.ts';
import type { GradingThreads } from './threads.ts';

export interface GradeRequest {
  question: Question;
  responses: readonly Pick<Generation, 'text' | 'finishReason'>[];
  oracle: OracleConfig;
}

export interface Graded {
  /** One for each response, in their order. */
  grades: Grade[];
  /** Opinions that were wanted and not to be had: there, the rules' outcome stands. */
  unanswered: Unanswered[];
}

export interface Unanswered {
  tier: Exclude<GradeTier, 'rules'>;
  reason: string;
}

/** null: nothing speaks against the rules' outcome. */
type Opinion = { outcome: 'correct' | 'wrong'; tier: Unanswered['tier'] } | { unanswered: Unanswered } | null;

/**
 * The oracle of a worker: the rules, in threads beside the event loop, and the second opinions that a run file can ask for. Math-Verify
 * is asked about answers that the rules call wrong or can't read, the judge where it calls such an answer equal.
 */
export class Grader {
  readonly #engine: Engine;
  readonly #threads: GradingThreads;
  readonly #mathVerify: MathVerify;
  readonly #metrics: Metrics;

  /** @param options.engine serves the judge */
  constructor(options: {
    engine: Engine;
    threads: GradingThreads;
    mathVerify: MathVerify;
    metrics?: Metrics | undefined;
  }) {
    this.#engine = options.engine;
    this.#threads = options.threads;
    this.#mathVerify = options.mathVerify;
    this.#metrics = options.metrics ?? NO_METRICS;
  }

  /**
   * Grades the responses to one question.
   * @throws Failure and others where threads, Math-Verify or the judge can't be had at all; the signal's reason when aborted
   */
  async grade(request: GradeRequest, signal: AbortSignal): Promise<Graded> {
    const began = performance.now();
    const graded = await this.#grade(request, signal);
    this.#metrics.record('critique_loop_grader_seconds', secondsSince(began), {});
    for (const { outcome } of graded.grades) this.#metrics.add('critique_loop_graded', 1, { outcome });
    for (const { tier } of graded.unanswered) this.#metrics.add('critique_loop_oracle_unanswered', 1, { tier });
    return graded;
  }

  async #grade(request: GradeRequest, signal: AbortSignal): Promise<Graded> {
    const grades = await this.#applyRules(request);
    if (!request.oracle.mathVerify) return { grades, unanswered: [] };

    // Samples of one question often end in the same answer.
    const opinions = new Map<string, Promise<Opinion>>();
    const unanswered: Unanswered[] = [];
    const decided = grades.map(async (grade) => {
      if (grade.answer === null || !(grade.outcome === 'wrong' || grade.outcome === 'unparsed')) return grade;
      const { answer } = grade;
      if (!opinions.has(answer)) opinions.set(answer, this.#ask(request, answer, signal));
      const opinion = await opinions.get(answer)!;
      if (opinion === null) return grade;
      if ('unanswered' in opinion) {
        unanswered.push(opinion.unanswered);
        return grade;
      }
      return { ...grade, ...opinion, rule: opinion.tier };
    });
    return { grades: await Promise.all(decided), unanswered };
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.close(), this.#mathVerify.close()]);
  }

  async #applyRules({ question, responses, oracle }: GradeRequest): Promise<Grade[]> {
    const { reference, answerFormat } = question;
    const done = await this.#threads.run(
      responses.map(({ text, finishReason }) => ({
        kind: 'grade' as const,
        response: { text, finishReason },
        question: { reference, answerFormat },
        policies: oracle.policies,
      })),
    );
    return done.map(readGrade);
  }

  async #ask({ question, oracle }: GradeRequest, answer: string, signal: AbortSignal): Promise<Opinion> {
    const verified = await this.#mathVerify.verify({ answer, reference: question.reference }, signal);
    if ('failed' in verified) return { unanswered: { tier: 'math-verify', reason: verified.failed } };
    if (!verified.equal) return null;
    if (!oracle.judge) return { outcome: 'correct', tier: 'math-verify' };

    const same = await askJudge(this.#engine, oracle.judge, { question, answer }, signal);
    if (same === null) return { unanswered: { tier: 'judge', reason: 'it said neither yes nor no' } };
    return { outcome: same ? 'correct' : 'wrong', tier: 'judge' };
  }
}

/** What the grader itself did not survive is unknown, never wrong. */
function readGrade(done: Done<Grade>): Grade {
  if ('answer' in done) return done.answer;
  return { outcome: 'ungraded', answer: null, rule: `the grader was ${done.failed}`, tier: 'rules' };
}
