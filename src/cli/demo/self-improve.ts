import type { Progress } from '../../workflows/contract.ts';
import type { SelfImproveResult, selfImprove } from '../../workflows/self-improve.ts';
import { BROWSE, type DemoOptions, runDemo } from './demo.ts';

export interface SelfImproveDemoOptions extends DemoOptions {
  vanilla?: boolean;
}

/** One `selfImprove` run before one's eyes. */
export async function demoSelfImprove({ vanilla, ...options }: SelfImproveDemoOptions): Promise<void> {
  await runDemo<typeof selfImprove, Progress>(
    {
      workflow: 'selfImprove',
      name: vanilla ? 'demo-vanilla' : 'demo',
      summary: vanilla ? 'demo, vanilla self-improvement' : 'demo, critique in the loop',
      ...(vanilla && { change: { critic: null } }),
      place: ({ iteration }) => `iteration ${iteration}`,
      news: ({ accuracy }) => accuracy,
      conclusion,
      summarize,
    },
    options,
  );
}

function conclusion(result: SelfImproveResult): string {
  const lines = result.iterations.map(({ iteration, accuracy, withCritic }) => {
    const alone = `${percent(accuracy.value)} (${percent(accuracy.low)} to ${percent(accuracy.high)}, n = ${accuracy.n})`;
    const critic = withCritic ? `, with critic ${percent(withCritic.accuracy.value)} (${points(withCritic.gain)})` : '';
    return `  iteration ${iteration}: ${alone}${critic}`;
  });
  const warnings = result.warnings.map((warning) => `  warning: ${warning}`);
  return [
    '',
    `${result.run} ${result.status}. Accuracy on the test set with 95 % intervals:`,
    ...lines,
    ...(result.gain ? [`  last over iteration 0: ${points(result.gain)}`] : []),
    ...warnings,
    '',
    `Report:      ${result.report}`,
    ...(result.checkpoint ? [`Checkpoint:  ${result.checkpoint.name} in the store, ${result.checkpoint.uri}`] : []),
    BROWSE,
  ].join('\n');
}

/** The line that programs read. */
function summarize(result: SelfImproveResult): object {
  const difference = (gain: SelfImproveResult['gain']) =>
    gain && { difference: gain.difference, low: gain.low, high: gain.high, n: gain.n };
  return {
    run: result.run,
    status: result.status,
    iterations: result.iterations.map(({ iteration, accuracy, withCritic }) => ({
      iteration,
      accuracy: accuracy.value,
      low: accuracy.low,
      high: accuracy.high,
      n: accuracy.n,
      ...(withCritic && { withCritic: withCritic.accuracy.value, criticGain: difference(withCritic.gain) }),
    })),
    gain: difference(result.gain),
    criticGain: difference(result.iterations.at(-1)?.withCritic?.gain ?? null),
    report: result.report,
  };
}

const percent = (share: number | null) => (share === null ? 'unknown' : `${(100 * share).toFixed(1)} %`);

const signed = (share: number | null) =>
  share === null ? 'unknown' : `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}`;

const points = ({ difference, low, high }: NonNullable<SelfImproveResult['gain']>) =>
  `${signed(difference)} points, paired 95 % interval ${signed(low)} to ${signed(high)}`;
