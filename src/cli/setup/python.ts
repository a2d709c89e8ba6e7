import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { graderFile, trainerFile } from '../../backends/package.ts';
import { cacheFolder } from './cache.ts';
import { withLock } from './lock.ts';
import { findOnPath, isExecutable, run } from './process.ts';
import { type Log, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';

/** Packages that Python code of ours needs. */
interface Packages {
  /** File of pinned lines, `name==version`. */
  requirements: string;
  /** Environment variable that may name an interpreter that has them. */
  variable: string;
  /** What installing them takes, for people. */
  cost: string;
}

export interface PythonOptions extends Partial<Packages> {
  log: Log;
  env?: NodeJS.ProcessEnv;
}

/** Of the trainer and the embedded engine. */
const TRAINER: Packages = {
  requirements: trainerFile('requirements.txt'),
  variable: 'CRITIQUE_LOOP_PYTHON',
  cost: 'with PyTorch and its companions (about 2 minutes and 6 GB on Linux, once)',
};

/** Of the grader's second opinion. */
export const GRADER: Packages = {
  requirements: graderFile('requirements.txt'),
  variable: 'CRITIQUE_LOOP_GRADER_PYTHON',
  cost: 'with Math-Verify (about 100 MB, once)',
};

const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const OLDEST_MINOR = 10;

/**
 * Path of a Python interpreter that has the packages, the trainer's by default: what the variable names, else a virtual
 * environment in our cache, made once per Python version and list of packages.
 *
 * @throws SetupError that says what to install or correct.
 */
export async function ensurePython({ log, env = process.env, ...given }: PythonOptions): Promise<string> {
  const packages = { ...TRAINER, ...given };
  const { requirements, variable } = packages;
  const wanted = await readFile(requirements, 'utf8');
  const named = env[variable];
  if (named) return fromVariable(variable, named, wanted, env, log);

  const base = await findBase(packages, env);
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(env, 'python'), `${base.version}-${process.platform}-${process.arch}-${key}`);
  const ready = await readReady(folder);
  if (ready) return ready;

  await mkdir(folder, { recursive: true });
  return withLock(
    join(folder, 'lock'),
    ({ pid }) => log(`waiting for process ${pid}, which is setting up Python`),
    async () => (await readReady(folder)) ?? install(base, packages, folder, env, log),
  );
}

const INSTALLED = `
import importlib.metadata as metadata, sys
for name in sys.argv[1:]:
    try: print(name, metadata.version(name))
    except metadata.PackageNotFoundError: print(name, "missing")
`;

/** Asks for versions instead of importing: 0.1 s at every start instead of 9. */
async function fromVariable(
  variable: string,
  path: string,
  wanted: string,
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<string> {
  const pins = new Map(
    wanted
      .split('\n')
      .map((line) => line.match(/^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)/))
      .filter((match) => match !== null)
      .map((match) => [match[1]!, match[2]!]),
  );
  const { code, stdout, lines } = await run(path, ['-c', INSTALLED, ...pins.keys()], { env });
  const where = `${variable} is ${path}`;
  const hint = 'Correct the variable, or unset it to let set-up make an environment.';
  if (code !== 0) throw new SetupError(`${where}, which does not run (${lines.at(-1) ?? 'no output'}). ${hint}`);

  const found = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
  const missing = [...pins.keys()].filter((name) => found.get(name) === 'missing');
  if (missing.length > 0) throw new SetupError(`${where}, which has no ${missing.join(', ')}. ${hint}`);
  const other = [...pins].filter(([name, version]) => found.get(name)?.split('+')[0] !== version);
  for (const [name, version] of other) log(`${path} has ${name} ${found.get(name)}; tested with ${version}`);
  return path;
}

interface Base {
  path: string;
  /** `3.11.9` */
  version: string;
}

const PROBE = `
import sys
print("%d.%d.%d" % sys.version_info[:3])
import venv, ensurepip
print("complete")
`;

async function findBase({ requirements, variable }: Packages, env: NodeJS.ProcessEnv): Promise<Base> {
  const passedOver: string[] = [];
  for (const name of CANDIDATES) {
    for (const path of await findOnPath(name, env)) {
      const { stdout } = await run(path, ['-c', PROBE], { env, signal: AbortSignal.timeout(20_000) });
      const [version, complete] = stdout.split('\n');
      const [major, minor] = (version ?? '').split('.').map(Number);
      if (major === undefined || minor === undefined) continue;
      if (major !== 3 || minor < OLDEST_MINOR) passedOver.push(`${path} is ${version}`);
      else if (complete !== 'complete') passedOver.push(`${path} (${version}) has no venv module`);
      else return { path, version: version! };
    }
  }
  const seen = passedOver.length > 0 ? `found only: ${passedOver.join('; ')}` : 'found none on PATH';
  throw new SetupError(
    `critique-loop needs Python 3.${OLDEST_MINOR} or later with its venv module; ${seen}.\n` +
      'Install it (Debian and Ubuntu: `apt install python3 python3-venv`; macOS: `brew install python`),\n' +
      `or set ${variable} to an interpreter that has the packages of ${requirements}.`,
  );
}

const READY = 'ready.json';

/** The interpreter of a finished environment; the file that names it is written last. */
async function readReady(folder: string): Promise<string | null> {
  const content = await readFile(join(folder, READY), 'utf8').catch(() => null);
  if (content === null) return null;
  const { python } = JSON.parse(content) as { python: string };
  return (await isExecutable(python)) ? python : null;
}

/**
 * A set-up that was cut short is not patched up but made again, in a folder of its own: what was fetched is in pip's
 * cache, so only the copying is repeated.
 */
async function install(
  base: Base,
  { requirements, variable, cost }: Packages,
  folder: string,
  env: NodeJS.ProcessEnv,
  log: Log,
) {
  for (const name of await readdir(folder)) {
    if (name.startsWith('venv-')) await rm(join(folder, name), { recursive: true, force: true });
  }
  const venv = join(folder, `venv-${process.pid}-${Date.now()}`);
  const python = join(venv, 'bin', 'python');
  log(`setting up Python ${base.version} ${cost}`);

  const made = await run(base.path, ['-m', 'venv', venv], { env });
  if (made.code !== 0) throw new SetupError(`\`${base.path} -m venv\` failed: ${made.lines.slice(-3).join(' / ')}`);

  const seen = new Set<string>();
  let doing = 'looking packages up';
  const { code, lines } = await withProgress(
    log,
    () => `setting up Python: ${doing}`,
    () =>
      run(
        python,
        [
          '-m',
          'pip',
          'install',
          '--no-input',
          '--disable-pip-version-check',
          '--progress-bar',
          'off',
          '-r',
          requirements,
        ],
        {
          env,
          onLine: (line) => {
            const [, verb, what] =
              line.match(/^\s*(Collecting|Downloading|Using cached|Installing collected) (\S+)/) ?? [];
            if (verb === undefined) return;
            if (verb === 'Collecting') seen.add(what!);
            if (verb === 'Downloading') {
              const size = line.match(/\(([^)]+)\)/)?.[1];
              doing = `downloading ${basename(what!).split('-')[0]}${size ? `, ${size}` : ''} (${seen.size} packages so far)`;
            }
            if (verb === 'Installing collected') doing = `installing ${seen.size} packages`;
          },
        },
      ),
  );
  if (code !== 0) {
    const errors = lines.filter((line) => /^ERROR|No space left/.test(line));
    const why = (errors.length > 0 ? errors : lines).slice(-3).join('\n  ');
    await rm(venv, { recursive: true, force: true });
    throw new SetupError(
      `pip could not install the packages of ${requirements} for Python ${base.version}:\n  ${why}\n` +
        `Correct that and run this again, or set ${variable} to an interpreter that has them.`,
    );
  }
  const draft = join(folder, `${READY}.tmp`);
  await writeFile(draft, JSON.stringify({ python }));
  await rename(draft, join(folder, READY));
  log(`Python ready: ${python}`);
  return python;
}
