import { signed } from '../format.ts';
import { NOTHING } from '../tabulate.ts';
import type { StudyData } from './data.ts';

/** The findings as a Markdown table, for Temporal's current details and for a terminal. */
export function studyTable({ findings }: Pick<StudyData, 'findings'>): string {
  const rows = findings.map(({ claim, measure, holds }) => {
    const decisive = measure.filter((effect) => effect.decisive && effect.value !== null);
    const here = decisive.map(({ value, low, high }) => `${signed(value!)} (${signed(low)} to ${signed(high)})`);
    return [claim, here.length > 0 ? here.join('; ') : NOTHING, holds];
  });
  const table = [['finding', 'here, in points (95 % interval)', 'holds'], ['---', '---:', '---'], ...rows];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`.replaceAll('\u00A0', ' ')).join('');
}
