import type { RunReport } from './data.ts';
import { html } from './markup.ts';
import { accuracy } from './sections/accuracy.ts';
import { artifacts } from './sections/artifacts.ts';
import { attempts } from './sections/attempts.ts';
import { compute } from './sections/compute.ts';
import { critic } from './sections/critic.ts';
import { exploration } from './sections/exploration.ts';
import { levels } from './sections/levels.ts';
import { outcomes } from './sections/outcomes.ts';
import { provenance } from './sections/provenance.ts';
import { summary } from './sections/summary.ts';
import { training } from './sections/training.ts';
import { STYLE } from './style.ts';

const SECTIONS = [accuracy, levels, exploration, critic, training, attempts, outcomes, compute, artifacts, provenance];

/**
 * The report of a run as one HTML file, which opens from disk and loads nothing. A pure function: the same data gives the same bytes.
 * A section whose data is not there yet is left out.
 */
export async function renderReport(report: RunReport): Promise<string> {
  const sections = await Promise.all(SECTIONS.map((section) => section(report)));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${report.run} \u00B7 self-improvement run</title>
<style>${STYLE}</style>
</head>
<body>
<main>${summary(report)}${sections}
</main>
</body>
</html>
`;
  return page.markup;
}
