import { execFileSync } from 'node:child_process';
import { onTestFinished, type TestContext } from 'vitest';
import { temporaryFolder } from './folder.ts';

export interface SmallDisk {
  folder: string;
  readOnly(yes: boolean): void;
}

/** A real disk of so many kilobytes, until the test ends; skips the test where nobody may mount one. */
export async function smallDisk(context: TestContext, kilobytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' });
  try {
    mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'none', folder);
  } catch {
    context.skip('needs the right to mount a small disk');
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return { folder, readOnly: (yes) => mount('-o', yes ? 'remount,ro' : 'remount,rw', folder) };
}
