import { expect, it } from 'vitest';
import { studyCsv } from '../../../src/report/study/csv.ts';
import { emptyStudy, sampleStudy } from './sample.ts';

/** As RFC 4180 has it. */
function parse(csv: string): Record<string, string>[] {
  const lines = csv.split('\r\n').slice(0, -1).map(cellsOf);
  const [head, ...rows] = lines;
  return rows.map((cells) => {
    expect(cells).toHaveLength(head!.length);
    return Object.fromEntries(head!.map((name, i) => [name, cells[i]!]));
  });
}

const cellsOf = (line: string) =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );

it('has everything that decides or informs a finding, in full', () => {
  const study = sampleStudy();
  const rows = parse(studyCsv(study)).filter(({ kind }) => kind === 'finding');
  const effects = study.findings.flatMap(({ id, measure, holds }) =>
    measure.map((effect) => ({ id, holds, ...effect })),
  );
  expect(rows).toHaveLength(effects.length);
  for (const [i, { id, holds, label, value, low, n, decisive }] of effects.entries()) {
    expect(rows[i]).toMatchObject({ of: id, what: label, holds, n: String(n), decisive: decisive ? 'yes' : 'no' });
    expect([rows[i]!.value, rows[i]!.low]).toEqual(value === null ? ['', ''] : [String(value), String(low)]);
  }
});

it('has every measure of every evaluation, every critic and every iteration', () => {
  const study = sampleStudy();
  const rows = parse(studyCsv(study));
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const evaluations = Object.values(study.evidence.evaluations);
  const measures = evaluations.reduce((sum, { summary }) => sum + summary.measures.length, 0);
  expect(of('accuracy')).toHaveLength(measures);
  expect(
    of('critic').find(({ of, what, gate }) => of === 'sft' && what === 'helpfulness' && gate === 'verdict'),
  ).toMatchObject({
    reviewer: 'critic',
    value: '0.31',
  });
  const shares = of('iteration').filter(({ what }) => what === 'share of accepted rows');
  expect(shares).toHaveLength(2 * 3 * 5);
  expect(of('iteration').filter(({ what }) => what === 'over vanilla')).toHaveLength(3);
});

it('has the findings alone where nothing was measured', () => {
  const rows = parse(studyCsv(emptyStudy()));
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['finding']));
  expect(new Set(rows.map(({ value }) => value))).toEqual(new Set(['']));
});
