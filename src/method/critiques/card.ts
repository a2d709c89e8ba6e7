import type { Proportion } from '../estimate.ts';
import type { PathStrategy } from '../rows.ts';
import type { CritiqueCounts, CritiqueStatistics } from './statistics.ts';

export interface Card {
  /** For the title, for instance the run's. */
  name: string;
  /** What the questions are, for instance `GSM8K, train`. */
  questions: string;
  /** The models that took part, by name; `exact` where a program did. */
  actor: string;
  annotator: string;
  mistakeWriter: string | null;
  filter: { refinements: number; keep: number; temperature: number } | null;
  seed: number;
  /** What the rows are made of, and under which licence each is. */
  sources: readonly { name: string; licence: string }[];
  /** Of this folder, by the name of their configuration; the first one is shown. */
  files: readonly { config: string; path: string }[];
  statistics: CritiqueStatistics;
}

/** The README.md of the exported dataset: the hub's metadata, then what it is, how it was made and what is in it. */
export function datasetCard(card: Card): string {
  const sections = [
    `# ${card.name}`,
    `Critiques of worked solutions, step by step, to train a critic on: ${count(card.statistics.total.kept)} of them. Questions: ${card.questions}. Made with critique-loop by the method of AutoMathCritique ([arXiv 2411.16579](https://arxiv.org/abs/2411.16579)).`,
    `## How it was made\n\n${howMade(card)}`,
    `## Statistics\n\n${statisticsTable(card.statistics)}`,
    ...removedSection(card.statistics),
    `## Fields\n\n${FIELDS}`,
    `## Licence\n\nThe rows come from the sources below. Each keeps its licence, and the terms of the models that wrote responses and critiques apply to these.\n\n${card.sources.map(({ name, licence }) => `- ${oneLine(name)}: ${oneLine(licence)}`).join('\n')}`,
  ];
  return `${frontMatter(card)}\n${sections.join('\n\n')}\n`;
}

function frontMatter({ name, files, statistics }: Card): string {
  return [
    '---',
    `pretty_name: ${JSON.stringify(name)}`,
    'language:',
    '- en',
    'license: other',
    'task_categories:',
    '- text-generation',
    'tags:',
    '- math',
    '- critique',
    'size_categories:',
    `- ${sizeCategory(statistics.total.kept)}`,
    'configs:',
    ...files.flatMap(({ config, path }, i) => [
      `- config_name: ${JSON.stringify(config)}`,
      `  data_files: ${JSON.stringify(path)}`,
      ...(i === 0 ? ['  default: true'] : []),
    ]),
    '---',
    '',
  ].join('\n');
}

/** As the hub names sizes. */
function sizeCategory(rows: number): string {
  const limits = [1e3, 1e4, 1e5, 1e6];
  const names = ['n<1K', '1K<n<10K', '10K<n<100K', '100K<n<1M', '1M<n<10M'];
  const at = limits.findIndex((limit) => rows < limit);
  return names[at < 0 ? names.length - 1 : at]!;
}

function howMade({ actor, annotator, mistakeWriter, filter, seed, statistics }: Card): string {
  const made: Record<PathStrategy, string> = {
    RG1: `RG1: ${actor} solved questions from scratch; wrong solutions were taken.`,
    RG2: `RG2: ${actor} went on from the first steps of a right solution at a raised temperature, until the answer was wrong.`,
    RG3: `RG3: ${mistakeWriter ?? actor} wrote a step with a mistake of a named kind behind the first steps of a right solution; ${actor} went on from there to a wrong answer.`,
    right: `right: solutions of ${actor} with the right answer.`,
  };
  const filtered = filter
    ? `A critique was kept where at least ${filter.keep} of ${filter.refinements} refinements with it (${actor}, temperature ${filter.temperature}) had the right answer.`
    : 'Critiques were not filtered by what refinements made of them.';
  const checked =
    'Critiques that were off the format, spoke of the reference solution, contradicted the known answer or found the first mistake where none can be were removed.';
  return [
    ...statistics.byStrategy.map(({ strategy }) => `- ${made[strategy]}`),
    '',
    `${annotator} wrote the critiques, knowing the right solution. ${checked} ${filtered} Seed: ${seed}.`,
  ].join('\n');
}

function statisticsTable({ total, byLevelAndStrategy }: CritiqueStatistics): string {
  const rows = byLevelAndStrategy.map(({ level, strategy, ...counts }) => [
    String(level ?? '–'),
    strategy,
    ...cells(counts),
  ]);
  return [
    '| level | strategy | paths made | with a wrong answer | chosen | annotated | passed the checks | kept | yield (95 % interval) | mean soft label |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...[...rows, ['all', 'all', ...cells(total)]].map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

const cells = ({ made, flawed, chosen, annotated, passed, kept, yield: share, meanSoft }: CritiqueCounts): string[] => [
  ...[made, flawed, chosen, annotated, passed, kept].map(count),
  percent(share),
  meanSoft === null ? '–' : meanSoft.toFixed(2),
];

function removedSection({ removed }: CritiqueStatistics): string[] {
  if (removed.length === 0) return [];
  const rows = removed.map((it) => `| ${it.stage} | ${it.reason} | ${count(it.count)} |`);
  return [['## Removed', '', '| stage | reason | rows |', '| --- | --- | ---: |', ...rows].join('\n')];
}

const FIELDS = [
  '| field | what |',
  '| --- | --- |',
  '| `question`, `reference`, `level` | the problem, its right answer, its difficulty (1 to 5) where known |',
  '| `response` | the solution that is judged, one step a line |',
  '| `critique` | a label and an explanation for each step, then the verdict on the final answer |',
  '| `verdict`, `first_wrong_step` | what the critique says, read from it |',
  '| `path` | how the solution came about: `strategy`, `errorStep`, `mistake`, `mistakeModel`, `temperature`, `prefixSource`, `model` |',
  '| `annotator`, `information` | who wrote the critique, and what it was told: the reference, the location, the kind of mistake |',
  '| `n_refine`, `n_correct`, `soft_score`, `kept` | refinements with this critique, right ones, their share, and whether they are enough |',
  '| `refinements`, `refinement` | hashes of their texts, and the first right one |',
].join('\n');

const count = (n: number) => n.toLocaleString('en-US');

const percent = ({ value, low, high }: Proportion) =>
  value === null ? '–' : `${points(value)} % (${points(low)} to ${points(high)})`;

const points = (share: number) => (100 * share).toFixed(1);

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
