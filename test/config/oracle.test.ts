import { describe, expect, it } from 'vitest';
import { Oracle } from '../../src/config/oracle.ts';
import { formatIssues, parseInput } from '../../src/config/parse.ts';
import { DEFAULT_POLICIES } from '../../src/method/answers/policies.ts';

const endpoint = { baseUrl: 'http://127.0.0.1:8000/v1' };

describe('the oracle of a run file', () => {
  it('is by default the rules alone, with the default policies', () => {
    expect(Oracle.parse({})).toEqual({ policies: DEFAULT_POLICIES, mathVerify: false, judge: null });
  });

  it('takes single policies, Math-Verify and a judge', () => {
    const given = { policies: { units: 'strict' }, mathVerify: true, judge: { model: 'judge', endpoint } };
    expect(Oracle.parse(given)).toMatchObject({
      policies: { ...DEFAULT_POLICIES, units: 'strict' },
      mathVerify: true,
      judge: { model: 'judge', maxTokens: 1024, endpoint: { maxInFlight: 512 } },
    });
  });

  it.each([
    [{ policies: { unit: 'strict' } }, 'policies.unit: is not a known field'],
    [{ policies: { units: 'exact' } }, 'policies.units: got "exact", expected "lenient" or "strict"'],
    [{ mathVerify: 1 }, 'mathVerify: got 1, expected'],
    [{ mathVerify: true, judge: { model: 'judge' } }, 'judge.endpoint: is missing'],
    [{ judge: { model: 'judge', endpoint } }, 'expected null, or "mathVerify": true beside it'],
  ])('refuses %j', (given, message) => {
    expect(formatIssues(parseInput(Oracle, given).issues!)).toContain(message);
  });
});
