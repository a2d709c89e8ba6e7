import { log } from '@temporalio/activity';
import type { GradeRequest, Grader } from '../backends/grading/grader.ts';
import type { Grade } from '../method/rows.ts';

/** Grades the responses to one question, in their order. An opinion that could not be had is logged. */
export async function gradeResponses(grader: Grader, request: GradeRequest, signal: AbortSignal): Promise<Grade[]> {
  const { grades, unanswered } = await grader.grade(request, signal);
  for (const { tier, reason } of unanswered)
    log.warn('no second opinion: the rules decide', { question: request.question.id, tier, reason });
  return grades;
}
