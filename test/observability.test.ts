import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { METRICS } from '../src/backends/metrics.ts';
import { queriesOf } from './support/dashboard.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'deploy/observability');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

const docs = read('docs/observability.md');
const alerts = read('deploy/observability/alerts.yml');
const cases = read('deploy/observability/alerts.test.yml');
const dashboard = read('deploy/observability/grafana/dashboard.json');

const namesIn = (text: string, pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))];
const alertNames = namesIn(alerts, /- alert: (\w+)/g);

test('docs/observability.md has every metric, as the table of the source has it', () => {
  const rows = docs.split('\n').filter((line) => line.startsWith('| `critique_loop_'));
  const expected = Object.entries(METRICS).map(([name, { kind, labels, help }]) => {
    const labelled = labels.map((label) => `\`${label}\``).join(', ') || '–';
    return `| \`${name}\` | ${kind} | ${labelled} | ${help} |`;
  });
  expect(rows).toEqual(expected);
});

test('alerts and dashboard ask for metrics that there are', () => {
  const known = new Set(Object.keys(METRICS));
  const asked = namesIn(alerts + dashboard, /\b(critique_loop_\w+)/g).map((name) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
  expect(asked.length).toBeGreaterThan(15);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

test('no panel is without a query', () => {
  const { panels } = JSON.parse(dashboard) as { panels: { type: string; targets?: unknown[] }[] };
  for (const { type, targets = [] } of panels) expect(targets.length > 0).toBe(type !== 'row');
  expect(queriesOf(dashboard).length).toBeGreaterThan(30);
});

describe('every alert', () => {
  it.each(alertNames)('%s has a case that fires, one that does not, and a paragraph of what to do', (name) => {
    const own = cases.split('\n  - name: ').filter((text) => text.includes(`alertname: ${name}\n`));
    expect(own.some((text) => text.includes('exp_alerts: []'))).toBe(true);
    expect(own.some((text) => text.includes('exp_labels: '))).toBe(true);
    expect(docs).toContain(`| \`${name}\` |`);
  });
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

describe.skipIf(!promtool)('promtool (Debian: apt install prometheus)', () => {
  it.each([
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
  ])('%s %s %s', (...args) => {
    expect(execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' })).toContain('SUCCESS');
  });
});
