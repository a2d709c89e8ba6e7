import { trusted } from '../markup.ts';

/** What the page of an evaluation needs besides style.ts: colours of more than two series, and tables with two lines in a cell. */
export const STYLE = trusted(`
:root { --verdict: #7b3fa0; --oracle: #6b7280; --best: #1c7d5c; --chain: #b02a5b; --last: #0f7285; }
@media screen and (prefers-color-scheme: dark) {
  :root { --verdict: #c79bea; --oracle: #a9b1bf; --best: #63cfa3; --chain: #f58bb0; --last: #5cc6dc; }
}
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px 32px; margin-bottom: 12px; }
section > h3 { margin: 28px 0 8px; }
td small { display: block; }
.many :is(td, tbody th) { vertical-align: top; }
.named :is(th, td) { padding-left: 10px; }
.named th:first-child { padding-left: 0; }
td strong { font-weight: 600; }
details.attempt { margin-top: 12px; padding: 0 20px; border: 1px solid var(--rule); }
details.attempt[open] { padding-bottom: 20px; }
.attempt summary { overflow-wrap: anywhere; }
.attempt summary .badge { margin-left: 6px; }
@media screen and (max-width: 760px) {
  details.attempt { padding: 0 12px; }
  .named tbody th { min-width: 38vw; }
}
@media print {
  .pair { grid-template-columns: 1fr 1fr; gap: 8pt 16pt; }
  td, tbody th { white-space: normal; }
  .pair, section > h3 { break-inside: avoid; }
}
`);
