import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderCritiques } from '../../src/report/critiques/html.ts';
import { renderReport } from '../../src/report/html.ts';
import { renderStudy } from '../../src/report/study/html.ts';
import { renderSupervision } from '../../src/report/supervision/html.ts';
import { launchBrowser } from '../support/browser.ts';
import { critiquesReport } from './critiques/sample.ts';
import { sampleReport } from './sample.ts';
import { sampleStudy } from './study/sample.ts';
import { supervisionReport } from './supervision/sample.ts';

const FAULTS = readFileSync(new URL('../support/page-faults.js', import.meta.url), 'utf8').replace(/;\s*$/, '');

const VIEWS = [
  { width: 1280, height: 900 },
  { width: 375, height: 812 },
  { width: 360, height: 640 },
].flatMap((size) => (['light', 'dark'] as const).map((scheme) => ({ ...size, scheme })));

let folder: string;
let browser: Browser | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-report-'));
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

it.for([
  { name: 'selfImprove', charts: 17, render: () => renderReport(sampleReport()) },
  { name: 'evaluate', charts: 16, render: () => renderSupervision(supervisionReport()) },
  { name: 'buildCritiques', charts: 1, render: () => renderCritiques(critiquesReport()) },
  { name: 'study', charts: 10, render: () => renderStudy(sampleStudy()) },
])(
  'the report of $name reads well wide and narrow, light and dark',
  { timeout: 120_000 },
  async ({ name, charts, render }, context) => {
    browser ??= await launchBrowser(context);
    const file = join(folder, `${name}.html`);
    await writeFile(file, await render());
    for (const view of VIEWS) expect([view, await faultsOf(browser, file, view, charts)]).toEqual([view, []]);
  },
);

it('finds the faults of a page that has them', { timeout: 60_000 }, async (context) => {
  browser ??= await launchBrowser(context);
  const file = join(folder, 'broken.html');
  await writeFile(
    file,
    `<!doctype html><body style="background: #fff"><p style="color: #999">pale</p><div style="width: 2000px">wide</div>
<img src="missing.png" alt=""><script>console.warn('careless'); nothing()</script>
<svg role="img" aria-label="empty" width="300" height="200"></svg></body>`,
  );
  const faults = (await faultsOf(browser, file, VIEWS[0]!, 2)).join('\n');
  for (const fault of [
    'warn: careless',
    'nothing is not defined',
    /loads .*missing\.png/,
    /failed to load .*missing\.png/,
    /scrolls sideways by \d+ px/,
    '1 charts, not 2',
    'chart without marks: empty',
    'contrast 2.8: pale',
  ])
    expect(faults).toMatch(fault);
});

/** What is wrong with a page from disk: what it loads and says, and how it looks. */
async function faultsOf(browser: Browser, file: string, view: (typeof VIEWS)[number], charts: number) {
  const page = await browser.newPage();
  try {
    const faults: string[] = [];
    const url = pathToFileURL(file).href;
    page.on('console', (message) => {
      if (['error', 'warn'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) faults.push(`loads ${request.url()}`);
    });
    page.on('requestfailed', (request) => faults.push(`failed to load ${request.url()}`));
    await page.setViewport(view);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: view.scheme }]);
    await page.goto(url);
    return [...faults, ...((await page.evaluate(`(${FAULTS})(${charts})`)) as string[])];
  } finally {
    await page.close();
  }
}
