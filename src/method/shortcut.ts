/** How many digit groups fewer than its models a refinement may have. */
const SLACK = 2;

/**
 * The reference scripts' shortcut barrier (method.md G2): a refinement that jumps to the answer has too few numbers in it to be a worked
 * solution. Passes with at least as many digit groups as the gold solution or the response, whichever has fewer, less two. A dataset
 * without solutions leaves the response to compare with. It also turns away valid short proofs, which is why a run can switch it off.
 */
export function passesShortcutBarrier(refinement: string, response: string, solution?: string): boolean {
  const models = solution === undefined ? [response] : [response, solution];
  return digitGroups(refinement) >= Math.min(...models.map(digitGroups)) - SLACK;
}

const digitGroups = (text: string) => text.match(/\d+/g)?.length ?? 0;
