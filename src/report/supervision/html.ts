import { page } from '../page.ts';
import { provenance } from '../sections/provenance.ts';
import type { SupervisionReport } from './data.ts';
import { artifacts } from './sections/artifacts.ts';
import { attempts } from './sections/attempts.ts';
import { comparisons } from './sections/comparisons.ts';
import { compute } from './sections/compute.ts';
import { critic } from './sections/critic.ts';
import { every } from './sections/every.ts';
import { levels } from './sections/levels.ts';
import { outcomes } from './sections/outcomes.ts';
import { scaling } from './sections/scaling.ts';
import { strategies } from './sections/strategies.ts';
import { summary } from './sections/summary.ts';
import { transitions } from './sections/transitions.ts';
import { votes } from './sections/votes.ts';
import { STYLE } from './style.ts';

const SECTIONS = [
  strategies,
  scaling,
  comparisons,
  every,
  levels,
  critic,
  transitions,
  votes,
  attempts,
  outcomes,
  compute,
  artifacts,
  provenance,
];

/**
 * The report of an evaluation as one HTML file, which opens from disk and loads nothing. A pure function: the same data gives the same
 * bytes. A section whose data is not there is left out.
 */
export async function renderSupervision(report: SupervisionReport): Promise<string> {
  const sections = await Promise.all(SECTIONS.map((section) => section(report)));
  return page(`${report.run} \u00B7 evaluation`, [summary(report), ...sections], STYLE);
}
