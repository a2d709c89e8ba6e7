import { trusted } from './markup.ts';

/** One palette for page and charts. `--without` and `--with` are the two series; they differ in lightness too, for print and for the colour-blind. */
export const STYLE = trusted(`
:root {
  --page: #ffffff; --panel: #f6f7f9; --ink: #1b2230; --muted: #5a6475; --rule: #dfe3e9;
  --without: #2f5fa8; --with: #d97a1c;
  --good: #19703f; --bad: #b3261e; --bad-panel: #fdf1ef; --warn: #7a5200; --warn-panel: #fff6df;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --panel: #1b2029; --ink: #e7eaf0; --muted: #9ea8b8; --rule: #303744;
    --without: #6ea3ee; --with: #f2b562;
    --good: #6fd09a; --bad: #ff9388; --bad-panel: #2c1a1b; --warn: #f0c566; --warn-panel: #2a2415;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
main { max-width: 1060px; margin: 0 auto; padding: 40px 24px 80px; }
h1, h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin-bottom: 12px; }
h3 { font-size: 1rem; overflow-wrap: anywhere; }
h4 { font-size: 0.9375rem; margin: 16px 0 6px; }
small { font-size: 0.8125rem; font-weight: 400; color: var(--muted); }
code, pre, .hash { font: 0.8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
section, .warning { margin-top: 48px; }
section > p, .beside > p { max-width: 68ch; color: var(--muted); font-size: 0.9375rem; margin-bottom: 12px; }

.kind { color: var(--muted); font-size: 0.875rem; margin-bottom: 6px; }
.status { margin-left: 8px; padding: 1px 9px; border: 1px solid currentColor; border-radius: 999px; font-size: 0.8125rem; font-weight: 600; }
.status.completed { color: var(--good); }
.status.running { color: var(--without); }
.status:is(.stopped, .failed, .cancelled) { color: var(--warn); }
.reason { color: var(--muted); margin-top: 4px; }
.headline { margin: 16px 0 24px; max-width: 46em; font-size: 1.1875rem; line-height: 1.45; }
.headline p + p { margin-top: 6px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 12px 24px; padding: 16px 0; border-block: 1px solid var(--rule); }
dt { color: var(--muted); font-size: 0.8125rem; }
dd { overflow-wrap: anywhere; }
.facts dd { font-size: 0.9375rem; }

.warning { padding: 16px 20px; background: var(--warn-panel); border-left: 4px solid var(--warn); border-radius: 4px; margin-top: 24px; }
.warning h2 { font-size: 1rem; margin-bottom: 4px; color: var(--warn); }
.warning ul { padding-left: 18px; font-size: 0.9375rem; }
.notable { color: var(--warn); }

figure > svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; }
figcaption { font-size: 0.8125rem; font-weight: 600; margin-bottom: 4px; }
.beside { display: grid; grid-template-columns: minmax(0, 460px) minmax(0, 1fr); gap: 16px 40px; align-items: center; }
.scroll + .panels { margin-top: 28px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: 20px 24px; margin-bottom: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin-bottom: 12px; font-size: 0.875rem; }
.legend svg { vertical-align: -2px; }

.scroll {
  overflow-x: auto; margin-top: 20px;
  background: linear-gradient(to left, var(--page) 30%, transparent) right / 40px 100% local no-repeat,
    linear-gradient(to left, var(--rule), transparent) right / 14px 100% no-repeat;
}
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 0.8125rem; font-weight: 600; padding-bottom: 6px; }
th, td { text-align: right; padding: 6px 0 6px 20px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child { padding-left: 0; }
thead th { vertical-align: bottom; white-space: normal; color: var(--muted); font-weight: 500; font-size: 0.8125rem; line-height: 1.3; border-bottom: 1px solid var(--muted); }
tbody th, tfoot th { text-align: left; font-weight: 600; }
th.words, td.words { text-align: left; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
.uri { white-space: normal; overflow-wrap: anywhere; }
td .uri { display: inline-block; min-width: 200px; }
.hash { text-decoration: none; border-bottom: 1px dotted var(--muted); cursor: help; white-space: nowrap; }

.attempt { margin-top: 20px; padding: 18px 20px 20px; border: 1px solid var(--rule); border-radius: 8px; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.question { margin: 10px 0 8px; }
.reference { font-size: 0.875rem; color: var(--muted); }
.reference code { color: var(--ink); font-weight: 600; }
.steps { list-style: none; padding: 0; font-size: 0.9375rem; }
ol.steps { counter-reset: step; }
.steps li { display: grid; grid-template-columns: 2ch minmax(0, 1fr); gap: 0 12px; padding: 5px 10px; border-left: 3px solid transparent; border-top: 1px solid var(--rule); }
ol.steps li::before { counter-increment: step; content: counter(step); color: var(--muted); font-size: 0.8125rem; line-height: 1.8; text-align: right; }
ul.steps li::before { content: "\\2013"; color: var(--muted); }
.judged li, .astray li { grid-template-columns: 2ch minmax(0, 1fr) minmax(0, 1fr); }
.steps .wrong { border-left-color: var(--bad); background: var(--bad-panel); }
.mark { font-size: 0.875rem; color: var(--muted); overflow-wrap: anywhere; unicode-bidi: isolate; }
.badge { font-size: 0.8125rem; font-weight: 600; white-space: nowrap; margin-right: 4px; color: var(--warn); }
.badge.correct { color: var(--good); }
.badge.wrong { color: var(--bad); }
.verdict, .aside { margin: 10px 0 6px; font-size: 0.9375rem; }

details { border-top: 1px solid var(--rule); }
details:last-of-type { border-bottom: 1px solid var(--rule); }
summary { padding: 10px 0; cursor: pointer; font-weight: 600; }
details dl { padding: 0 0 16px 18px; }
details dd { margin-bottom: 10px; }
pre { margin: 4px 0; padding: 12px 14px; background: var(--panel); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--without); outline-offset: 2px; }

@media screen and (max-width: 760px) {
  main { padding: 24px 16px 56px; }
  h1 { font-size: 1.375rem; }
  .headline { font-size: 1.0625rem; }
  .beside { grid-template-columns: minmax(0, 1fr); }
  .panels { grid-template-columns: repeat(auto-fill, minmax(145px, 1fr)); gap: 16px 18px; }
  .judged li, .astray li { grid-template-columns: 2ch minmax(0, 1fr); }
  tbody th, tfoot th { position: sticky; left: 0; background: var(--page); white-space: normal; max-width: 40vw; }
  .mark { grid-column: 2; padding-top: 2px; }
}
@media print {
  html { font-size: 12px; }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  section { margin-top: 28pt; }
  figure, .scroll, .attempt h4, .steps li, .warning { break-inside: avoid; }
  h2, h3, h4, section > p, .legend { break-after: avoid; }
  .scroll { overflow: visible; background: none; }
  th, td { padding-left: 8pt; }
  .panels { grid-template-columns: repeat(5, 1fr); gap: 12pt; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`);
