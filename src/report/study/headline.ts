import type { Finding, Holds, MeasuredEffect } from '../../method/study/finding.ts';
import { CONFIDENCE, counted, interval, pValue, signed } from '../format.ts';
import type { StudyData } from './data.ts';

/** The findings that a reader looks for first. */
const FIRST = ['critic-helps', 'trained-critic-discriminates', 'loop-beats-vanilla'];

/** What came out of the study, in plain words, one sentence each. */
export function headline({ findings, status }: Pick<StudyData, 'findings' | 'status'>): string[] {
  const those = (holds: Holds) => findings.filter((finding) => finding.holds === holds).length;
  const measured = findings.length - those('not measured');
  if (measured === 0) return [status === 'running' ? 'Nothing has been measured yet.' : 'Nothing was measured.'];
  const missing = measured < findings.length ? `, and ${verb(those('not measured'), 'was', 'were')} not measured` : '';
  return [
    `Of ${counted(findings.length, 'finding')} of the paper, ${verb(those('yes'), 'holds', 'hold')} here, ${verb(those('no'), 'does not', 'do not')}, ${verb(those('unclear'), 'is', 'are')} unclear${missing}.`,
    ...FIRST.flatMap((id) => findings.filter((finding) => finding.id === id)).flatMap(sentence),
  ];
}

const verb = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`;

const WORDS: Record<Holds, string> = {
  yes: 'Holds',
  no: 'Does not hold',
  unclear: 'Unclear',
  'not measured': 'Not measured',
};

function sentence({ claim, measure, holds }: Finding): string[] {
  const [decisive] = measure.filter((effect) => effect.decisive && effect.value !== null);
  return decisive ? [`${WORDS[holds]}: \u201c${claim}\u201d Here, ${described(decisive)}.`] : [];
}

/** `greedy, with the critic minus alone: +4.5 points (95 % interval +2.1 to +6.9, p < 0.001)`. */
export function described({ label, value, low, high, p }: MeasuredEffect): string {
  const test = typeof p === 'number' ? `, ${pValue(p)}` : '';
  return `${label}: ${signed(value ?? 0)} points (${CONFIDENCE} interval ${interval(low, high, signed)}${test})`;
}
