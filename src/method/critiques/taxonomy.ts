/**
 * Kinds of mistakes that a prompted model is asked to make (RG3, method.md B1), each in words that follow "make a mistake of this kind:".
 * The paper prints only the first; the others are ours. A run file may name others with a description.
 */
export const MISTAKES: Readonly<Record<string, string>> = {
  calculation: 'the operation is the right one, but its result is computed wrongly',
  misreading: 'a condition of the problem is misread, or overlooked',
  formula: 'a formula or theorem is used that does not apply here, or is remembered wrongly',
  'missing-step': 'something that has to be done here is left out, as if it had been done already',
  unit: 'a unit is converted wrongly, or two different units are mixed',
  sign: 'a sign is lost or turned round, or a term is moved across an equation wrongly',
  'logic-jump': 'a conclusion is drawn that does not follow from what is known so far',
  'copied-number': 'a number is copied wrongly from the problem or from an earlier step',
};
