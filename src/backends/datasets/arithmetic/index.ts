export { annotate } from './annotate.ts';
<<<<<<< HEAD
export { type Flawed, flaw, type Mistake, solutionSteps } from './flaw.ts';
=======
export { type Flawed, flaw, MISTAKE_WEIGHTS, type Mistake, solutionSteps } from './flaw.ts';
export { mistakenStep } from './mistaken-step.ts';
>>>>>>> six-a
export { type QuestionsRequest, questions, type Split } from './questions.ts';
export { refinements } from './refinements.ts';
export { LEVELS, WORLD, type World } from './world.ts';
