import type { ReportedArtifact, RunReport } from '../data.ts';
import { bytes, count, shortHash } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { NOTHING, tabulate } from '../tabulate.ts';

/** Rows and bytes of a checkpoint are not counted. */
type Row = Pick<ReportedArtifact, 'name' | 'uri' | 'sha256'> & Partial<ReportedArtifact>;

/** What the run left on storage. */
export function artifacts({ artifacts, iterations }: RunReport): Markup | null {
  const checkpoints = iterations.flatMap(({ iteration, checkpoint, critic }): Row[] => [
    ...(checkpoint ? [{ name: `iteration ${iteration}, checkpoint`, ...checkpoint }] : []),
    ...(critic ? [{ name: `iteration ${iteration}, critic`, ...critic.checkpoint }] : []),
  ]);
  return artifactSection('Checkpoints and artifacts on storage', [...checkpoints, ...artifacts]);
}

export function artifactSection(caption: string, rows: Row[]): Markup | null {
  if (rows.length === 0) return null;
  return html`
<section id="artifacts"><h2>Artifacts</h2>
${tabulate<Row>(
  caption,
  [
    { head: 'Name', cell: ({ name }) => name },
    { head: 'Rows', cell: ({ rows }) => (rows === undefined ? NOTHING : count(rows)) },
    { head: 'Size', cell: (row) => (row.bytes === undefined ? NOTHING : bytes(row.bytes)) },
    {
      head: 'sha256',
      words: true,
      cell: ({ sha256 }) => html`<abbr class="hash" title="sha256 ${sha256}">${shortHash(sha256)}</abbr>`,
    },
    { head: 'Path', words: true, cell: ({ uri }) => html`<code class="uri">${uri}</code>` },
  ],
  rows,
)}
</section>`;
}
