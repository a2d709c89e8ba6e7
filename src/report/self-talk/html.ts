import { page } from '../page.ts';
import { artifactSection } from '../sections/artifacts.ts';
import { provenance } from '../sections/provenance.ts';
import { compute } from '../supervision/sections/compute.ts';
import { STYLE } from '../supervision/style.ts';
import type { SelfTalkReport } from './data.ts';
import { chains } from './sections/chains.ts';
import { removed } from './sections/removed.ts';
import { result } from './sections/result.ts';
import { summary } from './sections/summary.ts';
import { talks } from './sections/talks.ts';

/**
 * The report of a `selfTalk` run as one HTML file, which opens from disk and loads nothing. A pure function: the same data gives the same
 * bytes. A section whose data is not there is left out.
 */
export function renderSelfTalk(report: SelfTalkReport): string {
  const { training, artifacts } = report;
  const checkpoint = training ? [{ name: 'checkpoint', uri: training.uri, sha256: training.sha256 }] : [];
  return page(
    `${report.run} \u00B7 self-talk`,
    [
      summary(report),
      chains(report),
      removed(report),
      result(report),
      talks(report),
      compute(report),
      artifactSection('Artifacts on storage', [...checkpoint, ...artifacts]),
      provenance(report),
    ],
    STYLE,
  );
}
