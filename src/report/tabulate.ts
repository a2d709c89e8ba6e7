import { html, type Markup } from './markup.ts';

export interface Column<Row> {
  head: string;
  cell: (row: Row) => string | number | Markup;
  /** Words, not numbers: set flush left. */
  words?: true;
}

/** A table of one row each; the first column names the row. On a narrow screen it scrolls by itself, not the page. */
export function tabulate<Row>(caption: string, columns: Column<Row>[], rows: readonly Row[], total?: Row): Markup {
  const line = (row: Row) =>
    html`<tr>${columns.map(({ cell, words }, i) =>
      i === 0
        ? html`<th scope="row">${cell(row)}</th>`
        : html`<td${words ? html` class="words"` : null}>${cell(row)}</td>`,
    )}</tr>`;
  return html`
<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ head, words }, i) => html`<th scope="col"${words || i === 0 ? html` class="words"` : null}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`${line(row)}\n`)}</tbody>${total ? html`\n<tfoot>${line(total)}</tfoot>` : null}
</table></div>`;
}

/** Stands where there is nothing to show yet, or nothing that could be. */
export const NOTHING = '\u2013';
