import type { Done } from '../../backends/grading/serve.ts';
import type { GradingThreads } from '../../backends/grading/threads.ts';
import type { Comparison, Equality } from '../../method/answers/compare.ts';
import type { Reading } from '../../method/answers/grade.ts';
import type { Policies } from '../../method/answers/policies.ts';
import type { AnswerFormat } from '../../method/rows.ts';
import type { Vote } from '../../method/vote.ts';
import type { GradedLine } from './line.ts';

/** How one answer compares with the gold one. */
export interface Result {
  equal: boolean;
  /** `timeout`: too much work, or too long. `ungraded`: the grader failed. `invalid`: the line could not be read. */
  outcome: Equality | 'ungraded' | 'invalid';
  /** What decided. */
  rule: string;
  /** Milliseconds of grading alone, in its thread. */
  ms: number;
  /** Of a whole response: the answer that it states, null for none. */
  answer?: string | null;
}

/** Of several responses: the result of the vote's answer, and each response's own. */
export interface VoteResult extends Result {
  grades: Result[];
  /** Classes of answers that mean the same, by the places of their responses; ties go to the class that came first. */
  vote: { answer: string | null; equal: boolean; classes: { answer: string; members: number[] }[] };
}

export interface GradeOptions {
  /** Of lines that name none. */
  answerFormat: AnswerFormat;
  policies: Policies;
}

export async function gradeLine(
  threads: GradingThreads,
  { gold, given, answerFormat }: GradedLine,
  options: GradeOptions,
): Promise<Result | VoteResult> {
  const shared = { reference: gold, policies: options.policies };
  const read = (text: string) => ({
    kind: 'read' as const,
    text,
    answerFormat: answerFormat ?? options.answerFormat,
    ...shared,
  });
  if ('pred' in given) {
    const [done] = await threads.run([{ kind: 'compare', answer: given.pred, ...shared }]);
    return result(done!);
  }
  if ('response' in given) {
    const [done] = await threads.run([read(given.response)]);
    return result(done!);
  }
  const grades = (await threads.run(given.responses.map(read))).map(result);
  const answers = grades.map(({ answer, outcome }) => (outcome === 'unparsed-response' ? null : (answer ?? null)));
  const [vote] = await threads.run([{ kind: 'vote', answers, policies: options.policies }]);
  return voteResult(grades, vote!);
}

export const invalid = (message: string): Result => ({ equal: false, outcome: 'invalid', rule: message, ms: 0 });

function result(done: Done<Comparison | Reading>): Result {
  if ('failed' in done) return failure(done);
  return { equal: done.answer.outcome === 'equal', ...done.answer, ms: round(done.ms) };
}

function voteResult(grades: Result[], done: Done<Vote>): VoteResult {
  const ms = round(grades.reduce((sum, { ms }) => sum + ms, done.ms));
  if ('failed' in done) return { ...failure(done), ms, grades, vote: { answer: null, equal: false, classes: [] } };

  const { classes, winners } = done.answer;
  const winner = winners[0];
  const { equal, outcome, rule } = winner ? grades[winner.members[0]!]! : NO_ANSWER;
  return {
    equal,
    outcome,
    rule,
    ms,
    grades,
    vote: {
      answer: winner?.representative ?? null,
      equal,
      classes: classes.map(({ representative, members }) => ({ answer: representative, members })),
    },
  };
}

const NO_ANSWER = { equal: false, outcome: 'unparsed-response', rule: 'no answer' } as const;

const failure = ({ failed, ms }: { failed: 'killed' | 'crashed'; ms: number }): Result => ({
  equal: false,
  outcome: failed === 'killed' ? 'timeout' : 'ungraded',
  rule: `the grader was ${failed}`,
  ms: round(ms),
});

const round = (ms: number) => Math.round(1000 * ms) / 1000;
