import { html, type Markup, trusted } from '../markup.ts';
import { STYLE as SUPERVISION } from '../supervision/style.ts';

/** What the page of a study needs besides an evaluation's: findings in words, which stack on a phone. */
export const STYLE: Markup = html`${SUPERVISION}${trusted(`
.findings :is(th, td) { white-space: normal; text-align: left; vertical-align: top; padding: 10px 0 10px 20px; }
.findings th:first-child { padding-left: 0; width: 24%; }
.findings th:nth-child(2) { width: 22%; }
.findings th:nth-child(4) { width: 20%; }
.findings ul { list-style: none; padding: 0; }
.findings li + li { margin-top: 6px; }
.findings .number { white-space: nowrap; font-weight: 600; }
.findings .informative, .findings .informative .number { color: var(--muted); font-weight: 400; }
.findings small { display: block; }
.many tbody th { white-space: normal; min-width: 110px; }
.badge.absent { color: var(--muted); }
a { color: var(--without); }
@media screen and (max-width: 760px) {
  .findings thead { display: none; }
  .findings caption { display: block; }
  .findings, .findings tbody, .findings tr { display: block; }
  .findings tr { padding: 14px 0; border-bottom: 1px solid var(--rule); }
  .findings :is(tbody th, td) { display: block; position: static; width: auto; max-width: none; padding: 3px 0; border: 0; }
  .findings th:first-child { width: auto; }
  .findings td::before { content: attr(data-head); display: block; color: var(--muted); font-size: 0.8125rem; }
  .findings .number { white-space: normal; }
}
`)}`;
