import type { Difference, Mean } from '../../../method/estimate.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Condition, conditionName } from '../../supervision/names.ts';
import { difference, isMeasured, mean } from '../../supervision/numbers.ts';
import { tabulate } from '../../tabulate.ts';
import { shareDots } from '../charts/dots.ts';
import type { StudyData } from '../data.ts';
import { ALONE, measureOf } from '../measures.ts';

interface Row {
  name: string;
  asked: string;
  colour: string;
  score: Mean;
  difference: Difference | null;
}

/** One model that checks itself beside two players (method.md F, Table 5). */
export async function players({ evidence }: StudyData): Promise<Markup | null> {
  const { gate, contrasts } = evidence;
  const row = (
    name: string,
    of: 'self-correction' | 'self-talk' | 'sft',
    condition: Condition,
    colour: string,
    toTwo: Difference | null,
  ): Row[] => {
    const measure = measureOf(evidence, of, 'greedy', condition);
    return measure ? [{ name, asked: conditionName(condition), colour, score: measure.score, difference: toTwo }] : [];
  };
  const { selfTalkOverSelfCorrection, twoPlayersOverSelfTalk } = contrasts.ladder;
  const rows = [
    ...row('Self-correction', 'self-correction', { reviewer: 'self', gate }, 'var(--without)', null),
    ...row('Self-talk', 'self-talk', ALONE, 'var(--verdict)', selfTalkOverSelfCorrection),
    ...row('Two players', 'sft', { reviewer: 'critic', gate }, 'var(--with)', twoPlayersOverSelfTalk),
  ];
  if (rows.length === 0) return null;
  const dots = rows.flatMap(({ name, score, colour }) =>
    isMeasured(score) ? [{ name, colour, value: score.value, low: score.low, high: score.high }] : [],
  );
  return html`
<section id="players"><h2>One player and two</h2>
<p>Greedy accuracy on the test questions, with ${CONFIDENCE} intervals. Self-correction: a model trained to critique and refine its own responses does so. Self-talk: a model trained to check and repair its steps as it writes them, in one answer. Two players: the fine-tuned actor with the trained critic.
The paper\u2019s order is self-correction, self-talk, two players.</p>
<figure>${await shareDots('Greedy accuracy', dots)}</figure>
${tabulate<Row>(
  'One player and two, each against the row above, in percentage points',
  [
    { head: 'Players', cell: ({ name }) => name },
    { head: 'Test time', words: true, cell: ({ asked }) => asked },
    { head: 'Accuracy', cell: ({ score }) => mean(score) },
    { head: 'Difference to the row above', cell: ({ difference: it }) => difference(it) },
  ],
  rows,
)}
</section>`;
}
