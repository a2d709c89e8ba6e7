import { TALK_REMOVALS, type TalkRemoval } from '../../../method/self-talk/verify.ts';
import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { tabulate } from '../../tabulate.ts';
import type { SelfTalkReport } from '../data.ts';

/** Why chains are not trained on. */
export function removed({ statistics }: SelfTalkReport): Markup | null {
  if (!statistics || statistics.removed.length === 0) return null;
  return html`
<section id="removed"><h2>What was removed</h2>
<p>Each chain once, with the first reason that was found. The rows are in <code>removed.jsonl</code>.</p>
${tabulate<{ reason: TalkRemoval; rows: number }>(
  'Chains removed, by reason',
  [
    { head: 'Reason', cell: ({ reason }) => reason },
    { head: 'Chains', cell: ({ rows }) => count(rows) },
    { head: 'Of all', cell: ({ rows }) => percent(rows / statistics.chains) },
    { head: 'What it means', words: true, cell: ({ reason }) => TALK_REMOVALS[reason] },
  ],
  statistics.removed,
)}
</section>`;
}
