import type { EvaluationName, Evidence } from '../../../method/study/evidence.ts';
import type { Plan } from '../../../method/supervision/scored.ts';
import type { Method } from '../../../method/supervision/summary.ts';
import { CONFIDENCE, capital, count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Condition, conditionName } from '../../supervision/names.ts';
import { mean } from '../../supervision/numbers.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import { paperColumn } from '../cells.ts';
import type { StudyData } from '../data.ts';
import { conditionsIn, measureOf } from '../measures.ts';
import { TRAININGS } from '../names.ts';
import { type Published, TABLE_3 } from '../paper.ts';

interface Row {
  name: EvaluationName;
  condition: Condition;
  paper: Published | null;
}

/** As many samples as the paper has in its table. */
const PAPER_K = 5;

const NAMES: EvaluationName[] = ['sft', 'self-correction', 'self-talk', 'vanilla', 'loop'];

/** Training against test time (method.md D4, Table 3): every actor, alone and with each review. */
export function grid({ evidence }: StudyData): Markup | null {
  const rows = NAMES.flatMap((name) =>
    conditionsIn(evidence, name).map(
      (condition): Row => ({ name, condition, paper: paperOf(evidence, name, condition) }),
    ),
  );
  if (rows.length === 0) return null;
  const k = commonK(evidence);
  const cell =
    (method: Method, k: number) =>
    ({ name, condition }: Row) => {
      const measure = measureOf(evidence, name, method, condition, k);
      return measure ? mean(measure.score) : NOTHING;
    };
  return html`
<section id="grid"><h2>Training time and test time</h2>
<p>What each actor was trained on against how it is asked (Table 3), on the test questions, with ${CONFIDENCE} intervals.
Accuracy is greedy${k === null ? null : `; pass@${k} and the vote are of ${count(k)} samples`}. The gate says which responses are refined; that of the oracle looks at the reference: a bound, not a method.
The paper\u2019s numbers are accuracy / pass@5 / vote of 5, without a gate.</p>
<div class="named many">${tabulate<Row>(
    'Every actor under every review',
    [
      { head: 'Trained on', cell: ({ name }) => capital(TRAININGS[name]) },
      { head: 'Test time', words: true, cell: ({ condition }) => conditionName(condition) },
      { head: 'Accuracy', cell: cell('greedy', 1) },
      ...(k === null
        ? []
        : [
            { head: `Pass@${k}`, cell: cell('pass', k) },
            { head: `Vote of ${k}`, cell: cell('maj', k) },
          ]),
      paperColumn(({ paper }) => paper),
    ],
    rows,
  )}</div>
</section>`;
}

function paperOf({ gate }: Evidence, name: EvaluationName, { reviewer, gate: of }: Condition): Published | null {
  if (name !== 'sft' && name !== 'self-correction' && name !== 'vanilla' && name !== 'loop') return null;
  if (reviewer === null) return TABLE_3[name].alone;
  const isTheirs = reviewer === (name === 'self-correction' ? 'self' : 'critic');
  return isTheirs && of === gate ? TABLE_3[name].reviewed : null;
}

/** The paper\u2019s 5 where all have it, else the most that all have. */
function commonK({ evaluations }: Evidence): number | null {
  const plans = NAMES.flatMap((name) => evaluations[name]?.plan ?? []).filter(({ samples }) => samples > 0);
  const [first] = plans;
  if (!first) return null;
  const common = first.ks.filter((k) => k > 1 && plans.every((plan) => plan.ks.includes(k) && k <= mostOf(plan)));
  return common.includes(PAPER_K) ? PAPER_K : (common.at(-1) ?? null);
}

const mostOf = ({ reviewers, reviewed, samples }: Plan) => (reviewers.length > 0 ? reviewed : samples);
