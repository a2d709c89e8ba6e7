import { page } from '../page.ts';
import { provenance } from '../sections/provenance.ts';
import { artifacts } from '../supervision/sections/artifacts.ts';
import { compute } from '../supervision/sections/compute.ts';
import { STYLE } from '../supervision/style.ts';
import type { CritiquesReport } from './data.ts';
import { agreement } from './sections/agreement.ts';
import { examples } from './sections/examples.ts';
import { labels } from './sections/labels.ts';
import { removals } from './sections/removals.ts';
import { statistics } from './sections/statistics.ts';
import { summary } from './sections/summary.ts';

const SECTIONS = [statistics, removals, labels, agreement, examples, compute, artifacts, provenance];

/** The report of a `buildCritiques` run as one HTML file; a section whose data is not there is left out. */
export async function renderCritiques(report: CritiquesReport): Promise<string> {
  const sections = await Promise.all(SECTIONS.map((section) => section(report)));
  return page(`${report.run} \u00B7 critiques`, [summary(report), ...sections], STYLE);
}
