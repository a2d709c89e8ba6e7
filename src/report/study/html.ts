import { page } from '../page.ts';
import { provenance } from '../sections/provenance.ts';
import type { StudyData } from './data.ts';
import { budget } from './sections/budget.ts';
import { chains } from './sections/chains.ts';
import { children } from './sections/children.ts';
import { criticData } from './sections/critic-data.ts';
import { criticTraining } from './sections/critic-training.ts';
import { critics } from './sections/critics.ts';
import { findings } from './sections/findings.ts';
import { grid } from './sections/grid.ts';
import { iterations } from './sections/iterations.ts';
import { levels } from './sections/levels.ts';
import { players } from './sections/players.ts';
import { selfTalk } from './sections/self-talk.ts';
import { summary } from './sections/summary.ts';
import { tail } from './sections/tail.ts';
import { votes } from './sections/votes.ts';
import { STYLE } from './style.ts';

const SECTIONS = [
  findings,
  critics,
  grid,
  levels,
  budget,
  chains,
  votes,
  iterations,
  tail,
  players,
  criticData,
  criticTraining,
  selfTalk,
  children,
  provenance,
];

/**
 * The report of a study as one HTML file, which opens from disk and loads nothing. A pure function: the same data gives the same bytes.
 * A section whose data is not there is left out; the findings say what was not measured.
 */
export async function renderStudy(study: StudyData): Promise<string> {
  const sections = await Promise.all(SECTIONS.map((section) => section(study)));
  return page(`${study.run} \u00B7 study`, [summary(study), ...sections], STYLE);
}
