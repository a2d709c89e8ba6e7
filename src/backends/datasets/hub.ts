import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import picomatch from 'picomatch';
import { Failure } from '../failures.ts';
import { type HubAccess, HubClient, type HubRequest, type Listed, Unreachable } from './hub-client.ts';

/** What was read, exactly. */
export interface Origin {
  name: string;
  revision: string;
  /** What the revision meant. */
  commit: string;
  files: string[];
}

export interface Access extends HubAccess {
  /** Folder of fetched files: `hub/openai--gsm8k/COMMIT/main/test-00000-of-00001.parquet`. */
  cache: string;
  /** What was read before: the same revision of the same dataset means the same commit again. */
  origin?: Origin | undefined;
}

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Files of a dataset on the Hugging Face hub, fetched once: what is in the cache needs no network.
 * @returns where they are on this machine, in the order of their names
 * @throws Failure InvalidInput that says how to bring them by hand
 */
export async function fetchFromHub(request: HubRequest, access: Access): Promise<{ origin: Origin; paths: string[] }> {
  const { name, revision } = request;
  const client = new HubClient(request, access);
  const folder = join(access.cache, 'hub', name.replace('/', '--'));
  const before = access.origin?.name === name && access.origin.revision === revision ? access.origin.commit : null;
  const commit = before ?? (await resolveRevision(client, revision, folder));
  const listed = await listFiles(client, commit, folder);
  const matches = picomatch(request.files);
  const wanted = listed.filter(({ name }) => matches(name));
  if (wanted.length === 0) throw noMatch(request, commit, listed);
  const paths: string[] = [];
  for (const file of wanted) {
    const path = join(folder, commit, file.name);
    if (!existsSync(path)) await client.download(commit, file, path);
    paths.push(path);
  }
  return { origin: { name, revision, commit, files: wanted.map((file) => file.name) }, paths };
}

/** The commit that a revision means; where the hub can't be reached, what it meant when it last could. */
async function resolveRevision(client: HubClient, revision: string, folder: string): Promise<string> {
  if (COMMIT.test(revision)) return revision;
  const kept = join(folder, 'refs', encodeURIComponent(revision));
  try {
    const commit = await client.commit();
    await keep(kept, commit);
    return commit;
  } catch (error) {
    if (error instanceof Unreachable && existsSync(kept)) return await readFile(kept, 'utf8');
    throw error;
  }
}

/** All files of a commit, sorted by name. */
async function listFiles(client: HubClient, commit: string, folder: string): Promise<Listed[]> {
  const kept = join(folder, `${commit}.json`);
  if (existsSync(kept)) return JSON.parse(await readFile(kept, 'utf8')) as Listed[];
  const listed = (await client.list(commit)).sort((a, b) => (a.name < b.name ? -1 : 1));
  await keep(kept, JSON.stringify(listed));
  return listed;
}

async function keep(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

function noMatch({ name, files }: HubRequest, commit: string, listed: Listed[]): Failure {
  const some = listed.slice(0, 20).map((file) => file.name);
  const more = listed.length > some.length ? ` and ${listed.length - some.length} more` : '';
  return new Failure(
    'InvalidInput',
    `no file of ${name} at ${commit} matches "${files}": it has ${some.join(', ')}${more}`,
  );
}
