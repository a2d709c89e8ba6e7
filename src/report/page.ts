import { html, type Markup } from './markup.ts';
import { STYLE } from './style.ts';

/** A report as one HTML file, which opens from disk, loads nothing and runs nothing. `style`: rules of its own, after those of every report. */
export function page(title: string, parts: (Markup | null)[], style: Markup | null = null): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}${style}</style>
</head>
<body>
<main>${parts}
</main>
</body>
</html>
`;
  return page.markup;
}
