export { annotate } from './annotate.ts';
export { type Flawed, flaw, MISTAKE_WEIGHTS, type Mistake, solutionSteps } from './flaw.ts';
export { mistakenStep } from './mistaken-step.ts';
export { type QuestionsRequest, questions, type Split } from './questions.ts';
export { refinements } from './refinements.ts';
export { LEVELS, WORLD, type World } from './world.ts';
