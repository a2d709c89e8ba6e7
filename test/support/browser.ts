import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';
import type { TestContext } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** A headless Chromium: $CHROMIUM, or the one in the PATH. Skips the running test, with the reason, where there is none. */
export async function launchBrowser(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    context.skip(`needs Chromium: neither $CHROMIUM nor ${NAMES.join(', ')} in the PATH`);
  return await puppeteer.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env.CHROMIUM, ...places].find((path) => path !== undefined && isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
