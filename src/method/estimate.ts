export { bestOfN } from './estimate/best-of-n.ts';
export { type FrequencyReport, reportFrequencies } from './estimate/correct-frequency.ts';
export { type Expectation, meanExpectation } from './estimate/expectation.ts';
export { independentDifference } from './estimate/independent.ts';
export { majAtK, majAtKs } from './estimate/maj-at-k.ts';
export { clusteredAccuracy, type Mean, meanScore } from './estimate/mean.ts';
export { type Difference, pairedDifference, pairedScores } from './estimate/paired.ts';
export { passAtK } from './estimate/pass-at-k.ts';
export { type Proportion, proportion } from './estimate/proportion.ts';
