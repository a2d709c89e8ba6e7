import { type Comparison, compareAnswers } from '../../method/answers/compare.ts';
import { compareResponse, gradeResponse, type Reading } from '../../method/answers/grade.ts';
import type { Policies } from '../../method/answers/policies.ts';
import type { AnswerFormat, Generation, Grade, Question } from '../../method/rows.ts';
import { countVotes, type Vote } from '../../method/vote.ts';

/** What a grading thread can be asked. Each is pure: the same in every thread, and as often as it is asked. */
export type GradingTask =
  | {
      kind: 'grade';
      response: Pick<Generation, 'text' | 'finishReason'>;
      question: Pick<Question, 'reference' | 'answerFormat'>;
      policies?: Policies;
    }
  | { kind: 'compare'; answer: string; reference: string; policies?: Policies }
  | { kind: 'read'; text: string; answerFormat: AnswerFormat; reference: string; policies?: Policies }
  | { kind: 'vote'; answers: (string | null)[]; policies?: Policies };

interface Answers {
  grade: Grade;
  compare: Comparison;
  read: Reading;
  vote: Vote;
}

export type Answer<Task extends GradingTask> = Answers[Task['kind']];

/** @param alive called between the steps of a task that has many, each of which may take as long as a whole task */
export function perform(task: GradingTask, alive: () => void = () => {}): Answer<GradingTask> {
  switch (task.kind) {
    case 'grade':
      return gradeResponse(task.response, task.question, task.policies);
    case 'compare':
      return compareAnswers(task.answer, task.reference, task.policies);
    case 'read':
      return compareResponse(task.text, task, task.policies);
    case 'vote': {
      const ballots = task.answers.map((answer) => ({ answer }));
      return countVotes(ballots, (answer, representative) => {
        alive();
        const { outcome } = compareAnswers(answer, representative, task.policies);
        return outcome === 'timeout' ? null : outcome === 'equal';
      });
    }
  }
}
