import type { RunReport } from './data.ts';
import { page } from './page.ts';
import { accuracy } from './sections/accuracy.ts';
import { artifacts } from './sections/artifacts.ts';
import { attempts } from './sections/attempts.ts';
import { compute } from './sections/compute.ts';
import { critic } from './sections/critic.ts';
import { diversity } from './sections/diversity.ts';
import { exploration } from './sections/exploration.ts';
import { levels } from './sections/levels.ts';
import { outcomes } from './sections/outcomes.ts';
import { provenance } from './sections/provenance.ts';
import { summary } from './sections/summary.ts';
import { training } from './sections/training.ts';

const SECTIONS = [
  accuracy,
  levels,
  exploration,
  diversity,
  critic,
  training,
  attempts,
  outcomes,
  compute,
  artifacts,
  provenance,
];

/**
 * The report of a run as one HTML file, which opens from disk and loads nothing. A pure function: the same data gives the same bytes.
 * A section whose data is not there yet is left out.
 */
export async function renderReport(report: RunReport): Promise<string> {
  const sections = await Promise.all(SECTIONS.map((section) => section(report)));
  return page(`${report.run} \u00B7 self-improvement run`, [summary(report), ...sections]);
}
