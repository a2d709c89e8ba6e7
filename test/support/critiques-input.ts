import type { BuildCritiquesInput } from '../../src/config/build-critiques.ts';

export interface CritiquesShape extends Partial<Omit<BuildCritiquesInput, 'actor'>> {
  /** Where all models are served. */
  url: string;
  asked?: number;
  actor?: Partial<BuildCritiquesInput['actor']>;
}

/** A model behind the endpoint that annotates or plants mistakes. */
export const aModel = (url: string, rest: object = {}) =>
  ({ source: 'model', model: 'teacher', endpoint: { baseUrl: url }, ...rest }) as const;

/** A small run of the arithmetic world. */
export function aCritiquesRun({ url, asked = 60, actor, ...rest }: CritiquesShape): BuildCritiquesInput {
  return {
    seed: 7,
    actor: { model: 'actor', endpoint: { baseUrl: url }, ...actor },
    questions: { source: 'arithmetic', split: 'train', seed: 1, count: asked },
    annotator: { source: 'exact' },
    filter: { refinements: 5, keep: 3 },
    ...rest,
  };
}
