import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../src/cli/setup/cache.ts';
import { withLock } from '../../src/cli/setup/lock.ts';
import { findOnPath, run } from '../../src/cli/setup/process.ts';

export interface GoProgram {
  /** Of its folder in the cache. */
  name: string;
  /** As a sentence has it: `the S3 server`. */
  what: string;
  /** Where its go.mod and go.sum are. */
  folder: string;
  /** Of its main function. */
  package: string;
  /** Of its packages, by their full names, with what the linker gives them. */
  variables?: Record<string, string>;
  /** How long it takes to build on 2 cores. */
  minutes: number;
}

/** Path of a program that is built once on a machine; null where there is no Go. */
export async function ensureGoProgram(program: GoProgram): Promise<string | null> {
  const { name, what, folder } = program;
  const cache = cacheFolder(process.env, name);
  const built = join(cache, `built-${await sourceHash(folder)}`);
  const isBuilt = () =>
    access(built).then(
      () => true,
      () => false,
    );
  if (await isBuilt()) return built;
  const [go] = await findOnPath('go', process.env);
  if (!go) return null;
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  await mkdir(cache, { recursive: true });
  return await withLock(
    join(cache, 'lock'),
    ({ pid }) => log(`waiting for process ${pid}, which is building ${what}`),
    async () => {
      if (await isBuilt()) return built;
      log(`building ${what} from Go modules (about ${program.minutes} minutes on 2 cores, once)`);
      const draft = `${built}.tmp`;
      const variables = Object.entries(program.variables ?? {}).map(([variable, value]) => `-X ${variable}=${value}`);
      const args = [
        'build',
        '-trimpath',
        `-ldflags=${['-s -w', ...variables].join(' ')}`,
        '-o',
        draft,
        program.package,
      ];
      const { code, lines } = await run(go, args, { cwd: folder, env: { ...process.env, CGO_ENABLED: '0' } });
      if (code !== 0) throw new Error(`${what} can't be built: ${lines.slice(-3).join(' / ')}`);
      await rename(draft, built);
      return built;
    },
  );
}

async function sourceHash(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.go$|^go\.(mod|sum)$/.test(name));
  for (const name of names.sort()) hash.update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}
