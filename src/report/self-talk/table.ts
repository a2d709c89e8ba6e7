import { percent } from '../format.ts';
import type { SelfTalkReport } from './data.ts';

/** The chains of a run as a Markdown table, for Temporal's current details and for a terminal. */
export function selfTalkTable({ statistics }: SelfTalkReport): string {
  const rows = (statistics?.byRewrites ?? []).map(({ rewrites, chains, errorFree, right, kept }) => [
    rewrites,
    chains,
    errorFree,
    right,
    percent(right / chains),
    kept,
  ]);
  const table = [
    ['rewrites', 'chains', 'error-free', 'right', 'yield', 'kept'],
    ['---:', '---:', '---:', '---:', '---:', '---:'],
    ...rows,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`.replaceAll('\u00A0', ' ')).join('');
}
