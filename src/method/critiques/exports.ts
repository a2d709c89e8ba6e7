import { PROMPT_FAMILIES, type PromptFamilyName } from '../prompts/index.ts';
import type { CritiqueRow } from './dataset-row.ts';

type ToExport = Pick<CritiqueRow, 'question' | 'response' | 'critique'>;

/**
 * A critique as other trainers read it (method.md C3, G6): what the user says, without the critic's template around it, which those
 * trainers put there themselves. An Alpaca instruction ends in a line break: in LLaMA-Factory's `default` template it is then what a
 * critic of the base family is asked here, character for character.
 */
export const EXPORTS = {
  sharegpt: (turn: string, critique: string) => ({
    conversations: [
      { from: 'human', value: turn },
      { from: 'gpt', value: critique },
    ],
  }),
  alpaca: (turn: string, critique: string) => ({ instruction: `${turn}\n`, input: '', output: critique }),
  messages: (turn: string, critique: string) => ({
    messages: [
      { role: 'user', content: turn },
      { role: 'assistant', content: critique },
    ],
  }),
} as const;

export type ExportFormat = keyof typeof EXPORTS;

/** @param family the critic's */
export function exportRow(format: ExportFormat, family: PromptFamilyName, row: ToExport): object {
  const turn = PROMPT_FAMILIES[family].critiqueTurn({ question: row.question }, row.response);
  return EXPORTS[format](turn, row.critique);
}
