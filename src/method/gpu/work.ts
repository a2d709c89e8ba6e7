import type { Expectation } from './texts.ts';

/** What of `selfImprove`'s input decides how much there is to do. */
export interface RunSize {
  iterations: number;
  samples: number;
  critiques: number;
  refinementsPerCritique: number;
  keptPerCritique: number;
  isVanilla: boolean;
  /** Questions of each dataset. */
  pool: number;
  reason: number;
  refine: number;
  test: number;
  evaluatesWithCritic: boolean;
  refinesAll: boolean;
  /** Successful refinements are trained on as refinement examples, too. */
  learnsRefining: boolean;
  original: boolean;
  epochs: number;
  beta: number;
}

/** Texts of one kind that one model writes. */
export interface Generation {
  model: 'actor' | 'critic';
  /** Prompts that are read: one for all texts that share it. */
  prompts: number;
  promptTokens: number;
  texts: number;
  /** Of each. */
  textTokens: number;
}

export interface Work {
  generations: Generation[];
  /** Tokens that are trained on, of each fine-tune. */
  fineTunes: number[];
}

/** All of a run, as expected (Algorithm 1): T iterations after iteration 0, each sampled, critiqued, refined, trained and evaluated. */
export function workOf(run: RunSize, expectation: Expectation): Work {
  const { sizes, wrong, helpful } = expectation;
  const critiquePrompt = sizes.critiquePrompt + sizes.question + sizes.response;
  const refinePrompt = sizes.refinePrompt + sizes.question + sizes.response + sizes.critique;
  const respond = (questions: number, samples: number): Generation => ({
    model: 'actor',
    prompts: questions,
    promptTokens: sizes.question,
    texts: questions * samples,
    textTokens: sizes.response,
  });
  const supervise = (responses: number, refined: number, critiques: number, refinements: number): Generation[] => [
    {
      model: 'critic',
      prompts: responses,
      promptTokens: critiquePrompt,
      texts: responses * critiques,
      textTokens: sizes.critique,
    },
    {
      model: 'actor',
      prompts: refined * critiques,
      promptTokens: refinePrompt,
      texts: refined * critiques * refinements,
      textTokens: sizes.refinement,
    },
  ];

  const responses = run.pool * run.samples;
  const wrongOnes = responses * wrong;
  const explored = [
    respond(run.pool, run.samples),
    ...(run.isVanilla ? [] : supervise(wrongOnes, wrongOnes, run.critiques, run.refinementsPerCritique)),
  ];
  const refinedAtTest = run.refinesAll ? run.test : run.test * wrong;
  const evaluated = [
    respond(run.test, 1),
    ...(run.evaluatesWithCritic && !run.isVanilla ? supervise(run.test, refinedAtTest, 1, 1) : []),
  ];

  const plainRow = sizes.question + sizes.response;
  const refineRow = refinePrompt + sizes.refinement;
  const refine = run.refine * run.beta * refineRow;
  const accepted = run.isVanilla
    ? 0
    : wrongOnes * run.critiques * Math.min(run.keptPerCritique, run.refinementsPerCritique * helpful);
  const found =
    (responses - wrongOnes) * plainRow +
    accepted * (sizes.question + sizes.refinement + (run.learnsRefining ? refineRow : 0));
  const first = run.epochs * (run.reason * plainRow + refine);
  const later = run.epochs * ((run.original ? run.reason * plainRow : 0) + refine + found);
  const times = (n: number, generations: Generation[]): Generation[] =>
    generations.map((generation) => ({
      ...generation,
      prompts: n * generation.prompts,
      texts: n * generation.texts,
    }));
  return {
    generations: [...times(run.iterations, explored), ...times(run.iterations + 1, evaluated)],
    fineTunes: [first, ...Array<number>(run.iterations).fill(later)],
  };
}
