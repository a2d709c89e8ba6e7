import { z } from 'zod';
import { DEFAULT_POLICIES, type Policies as GraderPolicies } from '../method/answers/policies.ts';
import { Critic } from './models.ts';

const { percent, units, decimalComma, roundedDigits, inequalityForSet } = DEFAULT_POLICIES;

/** What the rules make of conventions on which reasonable graders differ (src/method/answers/policies.ts). */
export const Policies = z.strictObject({
  percent: z.enum(['lenient', 'strict']).default(percent),
  units: z.enum(['lenient', 'strict']).default(units),
  decimalComma: z.boolean().default(decimalComma),
  roundedDigits: z.int().min(3).max(100).nullable().default(roundedDigits),
  inequalityForSet: z.boolean().default(inequalityForSet),
}) satisfies z.ZodType<GraderPolicies>;

const Judge = z.strictObject({
  model: Critic.shape.model,
  endpoint: Critic.shape.endpoint.unwrap(),
  /** A model that thinks before it answers needs more than the one word. */
  maxTokens: z.int().min(1).max(131_072).default(1024),
});

/** How answers are checked against the reference: by the rules of src/method/answers, and where they find no equality by whom else. */
export const Oracle = z
  .strictObject({
    policies: Policies.prefault({}),
    /** Asks Math-Verify about answers that the rules do not find equal; what it finds equal counts as correct. */
    mathVerify: z.boolean().default(false),
    /** Decides where the rules and Math-Verify disagree. null: Math-Verify does. */
    judge: Judge.nullable().default(null),
  })
  .superRefine(({ judge, mathVerify }, context) => {
    if (judge === null || mathVerify) return;
    const message =
      'expected null, or "mathVerify": true beside it: the judge is asked where the rules and Math-Verify disagree';
    context.addIssue({ code: 'custom', path: ['judge'], input: judge, message });
  });

export type JudgeConfig = z.output<typeof Judge>;
export type OracleConfig = z.output<typeof Oracle>;
