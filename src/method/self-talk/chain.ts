import { type Attempt, type Generation, isUnanswered, type Unanswered } from '../rows.ts';
import { type JudgedStep, judge } from './judged.ts';

/** One link of a chain: a step as it was written once, and the critique of it. */
export interface Segment extends Pick<JudgedStep, 'isAnswer' | 'label' | 'explanation'> {
  step: string;
  /** 1-based place in the solution. */
  index: number;
  /** How often the solution had been written again when this was written: 0 for the first draft. */
  version: number;
  /** The critic comes back to a step that it had let pass. */
  again?: true;
}

/**
 * error-free: the critic finds nothing wrong any more. budget: it was written again as often as it may be. stopped: the run ended first.
 * unjudged: a critique that can't be read. The others: what became of the last text.
 */
export type ChainEnd = 'error-free' | 'budget' | 'stopped' | 'unjudged' | UnusableText;
type UnusableText = Unanswered | 'truncated' | 'unparsed';

/** How a solution came about (method.md F): steps and critiques in turn, each wrong step followed by its next version. */
export interface Chain {
  segments: Segment[];
  /** How often it was written again. */
  rewrites: number;
  end: ChainEnd;
}

/**
 * The thinking chain of an attempt that was critiqued and written again from its first wrong step, round after round: each version up
 * to its own first wrong step, whose old continuation is dropped.
 * @param judged the versions, oldest first, each with its critique @param unjudged a last version that has none @param budget most rewrites
 */
export function buildChain(
  judged: readonly Pick<Attempt, 'response' | 'critique'>[],
  unjudged: Pick<Generation, 'text' | 'finishReason'> | null,
  budget: number,
): Chain {
  const versions = judged.map(({ response, critique }) => judge(response.text, critique!.text));
  const segments: Segment[] = [];
  /** How much of the newest version is in the chain already, in characters. */
  let told = 0;
  for (const [version, { text, steps, flaw }] of versions.entries()) {
    const last = flaw ?? steps.length - 1;
    const links = steps.slice(0, last + 1).map(({ text: step, isAnswer, label, explanation }, i): Segment => {
      return { step, index: i + 1, version, isAnswer, label, explanation };
    });
    const fresh = links.filter((_, i) => endOf(steps[i]!) > told);
    const wrong = links[last];
    if (fresh.length === 0 && flaw !== null && wrong) {
      const written = segments.findLast(({ step }) => step === wrong.step)?.version ?? 0;
      segments.push({ ...wrong, version: written, again: true });
    } else {
      segments.push(...fresh);
    }
    told = steps[last]?.start ?? text.length;
  }
  const rewrites = Math.max(0, versions.length - (unjudged ? 0 : 1));
  return { segments, rewrites, end: endOfChain() };

  function endOfChain(): ChainEnd {
    if (unjudged) return unusable(unjudged) ?? 'stopped';
    const newest = versions.at(-1);
    if (!newest) return 'stopped';
    if (newest.isErrorFree) return 'error-free';
    if (newest.flaw === null) return 'unjudged';
    return rewrites < budget ? 'stopped' : 'budget';
  }
}

const endOf = ({ start, text }: JudgedStep) => start + text.length;

/** Why there is nothing to judge; null where there is. */
function unusable({ text, finishReason }: Pick<Generation, 'text' | 'finishReason'>): UnusableText | null {
  if (isUnanswered(finishReason)) return finishReason;
  if (finishReason === 'context_exceeded') return 'truncated';
  return text.trim() === '' ? 'unparsed' : null;
}
