/** The kinds of mistakes that a model is asked to plant (method.md B1), each described in one sentence. */
export const MISTAKES: Record<string, string> = {
  calculation: 'An arithmetic slip: the right operation on the right numbers gives a wrong result.',
};
