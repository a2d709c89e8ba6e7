import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/backends/package.ts';
import { cacheFolder } from '../../src/cli/setup/cache.ts';
import { withLock } from '../../src/cli/setup/lock.ts';
import { findOnPath, run } from '../../src/cli/setup/process.ts';
import { succeed } from './succeed.ts';

const TARGETS = ['worker', 'trainer'] as const;
/** The stages below an image are part of it. These are not, and have names so that their layers are kept. */
const STAGES = ['build', 'app', ...TARGETS];
const NPM = '10.9.2';
const DOCKERFILE = join(packageRoot, 'deploy/docker/Dockerfile');
const BASE_SCRIPT = join(packageRoot, 'test/support/base-image.sh');
/** Of other clones that are tested at the same time. */
const KEPT_BUILDS = 2;

/** Paths of archives as `docker save` writes them, of the images docker.io/library/critique-loop-{worker,trainer}:test. */
export type Images = Record<(typeof TARGETS)[number], string>;

/** Why the images can't be built on this machine; null where they can. */
export async function whyNoImages(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root builds images';
  for (const program of ['buildah', 'debootstrap'])
    if ((await findOnPath(program, process.env)).length === 0) return `there is no ${program}`;
  return null;
}

/**
 * The images of this clone, built by deploy/docker/Dockerfile as it is: once for each state of what it copies, and only the
 * layers that changed. The first time takes about 20 minutes on 2 cores, and 30 GB of disk. Its base image comes from base-image.sh, for
 * tests have no registry of images. Null where they can't be built.
 */
export async function ensureImages(): Promise<Images | null> {
  const reason = await whyNoImages();
  if (reason) {
    log(`no images: ${reason}`);
    return null;
  }
  const cache = cacheFolder(process.env, 'images');
  const state = await contentHash();
  const folder = join(cache, `built-${state}`);
  const images: Images = { worker: join(folder, 'worker.tar'), trainer: join(folder, 'trainer.tar') };
  // What is in use counts as new.
  const isBuilt = () =>
    utimes(folder, new Date(), new Date()).then(
      () => true,
      () => false,
    );
  if (await isBuilt()) return images;
  await mkdir(cache, { recursive: true });
  await withLock(
    join(cache, 'lock'),
    ({ pid }) => log(`waiting for process ${pid}, which is building images`),
    async () => {
      if (await isBuilt()) return;
      log('building images (about 20 minutes the first time)');
      const draft = join(cache, 'draft');
      await rm(draft, { recursive: true, force: true });
      await mkdir(draft);
      await ensureBase(draft);
      for (const target of STAGES) await build(target, state);
      for (const target of TARGETS) {
        const archive = `docker-archive:${join(draft, `${target}.tar`)}:${nameOf(target, 'test')}`;
        await buildah('push', '--quiet', nameOf(target, state), archive);
      }
      await rename(draft, folder);
      await removeOldBuilds(cache);
    },
  );
  return images;
}

/** Where buildah, and podman with the same options, keep the images beside the archives. Not where the user's own are. */
export const storageOptions = (): string[] => [
  '--root',
  join(cacheFolder(process.env, 'images'), 'storage'),
  '--runroot',
  '/run/critique-loop-images',
];

/** Their names there: each clone has its own. */
export async function storedImages(): Promise<Images> {
  const state = await contentHash();
  return { worker: nameOf('worker', state), trainer: nameOf('trainer', state) };
}

const nameOf = (target: string, tag: string) => `docker.io/library/critique-loop-${target}:${tag}`;

const build = (target: string, tag: string) =>
  buildah(
    ...['bud', '--pull-never', '--layers', '--format', 'docker', '--network', 'host'],
    ...['--file', DOCKERFILE, '--ignorefile', `${DOCKERFILE}.dockerignore`],
    ...['--target', target, '--tag', nameOf(target, tag), packageRoot],
  );

/** The image that the Dockerfile begins with, unless this very script made it already. */
async function ensureBase(draft: string): Promise<void> {
  const [, base, node] = /^FROM (node:(\d+\.\d+\.\d+)-bookworm-slim) /m.exec(await readFile(DOCKERFILE, 'utf8'))!;
  const image = `docker.io/library/${base}`;
  const madeBy = createHash('sha256')
    .update(await readFile(BASE_SCRIPT))
    .update(NPM)
    .digest('hex');
  const label = '{{index .Docker.Config.Labels "made-by"}}';
  const found = await run('buildah', [...storageOptions(), 'inspect', '--type', 'image', '--format', label, image]);
  if (found.code === 0 && found.stdout.trim() === madeBy) return;

  log(`making ${base} from packages of Debian and npm`);
  const root = join(draft, 'base');
  await succeed('sh', [BASE_SCRIPT, root, node!, NPM]);
  const tar = `${root}.tar`;
  await succeed('tar', ['--create', '--file', tar, '--directory', root, '.']);
  const container = await buildah('from', 'scratch');
  await buildah('add', '--quiet', container, tar, '/');
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await buildah('config', '--env', path, '--cmd', 'node', '--label', `made-by=${madeBy}`, container);
  await buildah('commit', '--quiet', '--rm', '--format', 'docker', container, image);
  await rm(root, { recursive: true });
  await rm(tar);
}

async function removeOldBuilds(cache: string): Promise<void> {
  const states = (await readdir(cache)).flatMap((name) => /^built-(\w+)$/.exec(name)?.[1] ?? []);
  const builds = await Promise.all(
    states.map(async (state) => {
      const path = join(cache, `built-${state}`);
      return { state, path, at: (await stat(path)).mtimeMs };
    }),
  );
  builds.sort((a, b) => b.at - a.at);
  for (const { state, path } of builds.slice(KEPT_BUILDS)) {
    await rm(path, { recursive: true });
    await buildah('rmi', '--force', ...STAGES.map((target) => nameOf(target, state)));
  }
  // And what has neither a name nor a named image above it: layers of builds that did not come to their end.
  await buildah('rmi', '--prune', '--force');
}

/** Of all that an image is made of: what .dockerignore lets through, and how its base is made. */
async function contentHash(): Promise<string> {
  const ignore = await readFile(`${DOCKERFILE}.dockerignore`, 'utf8');
  const allowed = ignore.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const hash = createHash('sha256')
    .update(NPM)
    .update(await readFile(BASE_SCRIPT));
  for (const file of (await Promise.all(allowed.map(filesOf))).flat().sort())
    hash.update(`\0${file}\0`).update(await readFile(join(packageRoot, file)));
  return hash.digest('hex').slice(0, 12);
}

async function filesOf(path: string): Promise<string[]> {
  const full = join(packageRoot, path);
  if ((await stat(full)).isFile()) return [path];
  const entries = await readdir(full, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(packageRoot.length + 1))
    .filter((file) => !/(^|\/)(__pycache__|node_modules)\//.test(file) && file !== 'deploy/.env');
}

const buildah = async (...args: string[]) => (await succeed('buildah', [...storageOptions(), ...args])).stdout.trim();

const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
