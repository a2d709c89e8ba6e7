import { expect, it } from 'vitest';
import { type Expectation, meanExpectation } from '../../../src/method/estimate.ts';

it('averages questions and their independent errors', () => {
  const exact: Expectation = { value: 1, standardError: 0, exact: true };
  const drawn: Expectation = { value: 0.5, standardError: 0.01, exact: false };
  expect(meanExpectation([exact, exact])).toEqual(exact);
  expect(meanExpectation([drawn, drawn, drawn, drawn])).toEqual({ value: 0.5, standardError: 0.005, exact: false });
  expect(meanExpectation([exact, drawn])).toEqual({ value: 0.75, standardError: 0.005, exact: false });
  expect(meanExpectation([])).toBeNull();
});
