import type { Difference, Mean } from '../../method/estimate.ts';
import type { EvaluationName, LoopName } from '../../method/study/evidence.ts';
import type { StudyData } from './data.ts';

type Cell = string | number | null;

const COLUMNS = [
  'kind',
  'of',
  'what',
  'reviewer',
  'gate',
  'k',
  'iteration',
  'level',
  'value',
  'low',
  'high',
  'p',
  'n',
  'decisive',
  'holds',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], Cell>>;

/**
 * In long form (RFC 4180), one line a number, told apart by `kind`; numbers in full, nothing where there is none. Values are shares, of
 * findings and gains differences of shares.
 */
export function studyCsv(study: StudyData): string {
  const rows = [...found(study), ...measured(study), ...judged(study), ...byIteration(study)];
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column] ?? ''))];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

const found = ({ findings }: StudyData): Row[] =>
  findings.flatMap(({ id, measure, holds }) =>
    measure.map(({ label, value, low, high, p = null, n, decisive }) => ({
      kind: 'finding',
      of: id,
      what: label,
      ...(value === null ? { n } : { value, low, high, p, n }),
      decisive: decisive ? 'yes' : 'no',
      holds,
    })),
  );

const measured = ({ evidence }: StudyData): Row[] =>
  evaluations(evidence).flatMap(([of, { summary }]) =>
    summary.measures.map(({ method, reviewer, gate, k, score }) => ({
      kind: 'accuracy',
      of,
      what: method,
      reviewer,
      gate,
      k,
      ...cells(score),
    })),
  );

const judged = ({ evidence }: StudyData): Row[] =>
  evaluations(evidence).flatMap(([of, { summary }]) =>
    summary.reviews
      .filter(({ on }) => on === 'greedy')
      .flatMap(({ reviewer, gate, ...review }) =>
        (
          [
            'discriminability',
            'discriminabilityOnRight',
            'discriminabilityOnWrong',
            'unparsable',
            'helpfulness',
          ] as const
        ).map((what): Row => ({ kind: 'critic', of, what, reviewer, gate, ...cells(review[what]) })),
      ),
  );

const byIteration = ({ evidence: { iterations, loopOverVanilla } }: StudyData): Row[] => [
  ...(Object.entries(iterations) as [LoopName, (typeof iterations)[LoopName]][]).flatMap(([of, all]) =>
    all.flatMap(({ iteration, accuracy, accuracyWithCritic, overPrevious, explored }): Row[] => [
      ...(accuracy ? [{ kind: 'iteration', of, what: 'accuracy', iteration, ...cells(accuracy) }] : []),
      ...(accuracyWithCritic
        ? [{ kind: 'iteration', of, what: 'accuracy with critic', iteration, ...cells(accuracyWithCritic) }]
        : []),
      ...(overPrevious
        ? [{ kind: 'iteration', of, what: 'over the one before', iteration, ...difference(overPrevious) }]
        : []),
      ...(explored?.diversity.byLevel ?? []).map(
        ({ level, share }): Row => ({
          kind: 'iteration',
          of,
          what: 'share of accepted rows',
          iteration,
          level,
          ...cells(share),
        }),
      ),
    ]),
  ),
  ...loopOverVanilla.map(
    ({ iteration, difference: it }): Row => ({
      kind: 'iteration',
      of: 'loop',
      what: 'over vanilla',
      iteration,
      ...difference(it),
    }),
  ),
];

const evaluations = ({ evaluations }: StudyData['evidence']) =>
  Object.entries(evaluations) as [EvaluationName, NonNullable<(typeof evaluations)[EvaluationName]>][];

const cells = ({ value, low, high, n }: Mean): Row => (value === null ? { n } : { value, low, high, n });

const difference = ({ difference: value, low, high, p, n }: Difference): Row =>
  value === null ? { n } : { value, low, high, p, n };

const quoted = (cell: Cell) =>
  typeof cell === 'string' && /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
