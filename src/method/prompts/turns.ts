import type { Question } from '../rows.ts';
import { ANSWER_REQUEST } from './text.ts';

// What the user's turns say. Families differ in the request, and in what they put around a turn.

export const solveTurn = ({ question, answerFormat }: Question): string =>
  `${question} ${ANSWER_REQUEST[answerFormat]}`;

export const critiqueTurn = (request: string, { question }: Pick<Question, 'question'>, response: string): string =>
  `${request}\n\nQuestion: ${question}\n\nSolution:\n${response}`;

export const refineTurn = (request: string, { answerFormat }: Question, critique: string): string =>
  `${request} ${ANSWER_REQUEST[answerFormat]}\n\n${critique}`;
