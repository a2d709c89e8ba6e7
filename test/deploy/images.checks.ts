import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { findOnPath, run } from '../../src/cli/setup/process.ts';
import { serveHealth } from '../../src/workers/health.ts';
import { temporaryFolder } from '../support/folder.ts';
import { succeed } from '../support/succeed.ts';
import { buildStage, parseDockerfile } from './dockerfile.ts';
import { ensurePythonTools } from './tools.ts';

const FILE = join(packageRoot, 'deploy/docker/Dockerfile');
const text = await readFile(FILE, 'utf8');
const stages = parseDockerfile(text);
const IMAGES = ['worker', 'trainer', 'gpu'];
const [aptGet] = await findOnPath('apt-get', process.env);

describe('the Dockerfile', () => {
  test('has no fault that hadolint knows', async () => {
    const hadolint = join(await ensurePythonTools(), 'hadolint');
    await succeed(hadolint, [FILE]);
    const planted = join(await temporaryFolder(), 'Dockerfile');
    await writeFile(planted, text.replace('node:22.17.0-bookworm-slim', 'node'));
    expect(await run(hadolint, [planted])).toMatchObject({ code: 1, stdout: expect.stringContaining('DL3006') });
  });

  test('names its bases by an exact version, and ends as a user that is not root', () => {
    const names = new Set(stages.map(({ name }) => name));
    for (const { from } of stages) if (!names.has(from)) expect(from).toMatch(/:\d+\.\d+\.\d+/);
    for (const image of IMAGES)
      expect(stages.find(({ name }) => name === image)!.instructions).toContainEqual({
        name: 'USER',
        rest: '1000:1000',
      });
  });

  test('changes only the last layer of an image with the code', () => {
    const copies = (stage: string) =>
      stages
        .find(({ name }) => name === stage)!
        .instructions.filter(({ name }) => name === 'COPY')
        .map(({ rest }) => rest);
    for (const image of IMAGES) expect(copies(image)).toEqual(['--from=app /app .']);
    for (const below of ['python', 'torch', 'vllm'])
      for (const copied of copies(below)) expect(copied).toMatch(/\/requirements\.txt$/);
  });

  test('finds all that it copies, past .dockerignore', async () => {
    const ignore = await readFile(`${FILE}.dockerignore`, 'utf8');
    const allowed = ignore.split('\n').filter((line) => line.startsWith('!'));
    const copies = stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'COPY');
    const sources = copies
      .filter(({ rest }) => !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) expect(allowed).toContain(`!${source.split('/')[0]}`);
    expect(readdirSync(packageRoot)).toEqual(expect.arrayContaining(allowed.map((line) => line.slice(1))));
  });
});

test.skipIf(!aptGet)('each step of the image worker, in clean folders, gives a command that works', async () => {
  const build = { stages, context: packageRoot, into: await temporaryFolder() };
  for (const stage of ['build', 'app', 'python']) await buildStage(build, stage);
  const app = await buildStage(build, 'worker');
  const command = [join(app, 'dist/cli/main.js')];
  expect((await succeed('node', [...command, '--version'], { cwd: app })).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  // Everything of a worker is loaded by now: without the packages that only developers get.
  const env = { PATH: process.env.PATH, TEMPORAL_ADDRESS: '127.0.0.1:9' };
  const started = await run('node', [...command, 'worker', '--role', 'workflows,cpu'], { cwd: app, env });
  expect(started.lines.join('\n')).toContain('nothing answers at 127.0.0.1:9');
  const grader = join(build.into, 'python/opt/grader/bin/python');
  await succeed(grader, ['-c', 'import math_verify']);
});

test.skipIf(!aptGet)('the packages of the stages torch and vllm are to be had', async () => {
  const build = { stages, context: packageRoot, into: await temporaryFolder() };
  // Installing them takes gigabytes: pip only looks each of them up.
  const installs = (stage: string) =>
    stages
      .find(({ name }) => name === stage)!
      .instructions.map(({ rest }) => /\/bin\/pip install --no-cache-dir (.*)$/.exec(rest)?.[1])
      .filter((args) => args !== undefined);
  for (const stage of ['torch', 'vllm']) {
    await buildStage(build, stage, (command) => command.includes('pip install'));
    expect(installs(stage)).toHaveLength(1);
    for (const args of installs(stage)) await lookUp(args.split(' '));
  }
  await expect(lookUp(['vllm==0.0.0'])).rejects.toThrow('No matching distribution');
});

const lookUp = async (args: string[]) =>
  succeed(join(await ensurePythonTools(), 'python'), ['-m', 'pip', 'install', '--dry-run', '--no-deps', ...args], {
    cwd: packageRoot,
  });

test('a step that fails, or copies what is not there, fails', async () => {
  const planted = (line: string) => parseDockerfile(`FROM node:22.17.0 AS build\nWORKDIR /app\n${line}\n`);
  const build = { context: packageRoot, into: await temporaryFolder() };
  await expect(buildStage({ ...build, stages: planted('RUN npm run no-such-script') }, 'build')).rejects.toThrow();
  await expect(buildStage({ ...build, stages: planted('COPY no-such-file .') }, 'build')).rejects.toThrow(
    'no-such-file',
  );
});

describe('health.mjs', () => {
  const ask = (port: number, path: string) =>
    run('node', [join(packageRoot, 'deploy/docker/health.mjs'), path], {
      env: { ...process.env, CRITIQUE_LOOP_HEALTH_PORT: String(port) },
    });

  test('says by its status whether a worker lives and is ready', async () => {
    let state = 'RUNNING';
    const { server, port } = await serveHealth({ status: () => [{ role: 'cpu', state }] }, 0);
    expect(await ask(port, 'livez')).toMatchObject({ code: 0 });
    expect(await ask(port, 'readyz')).toMatchObject({ code: 0 });
    state = 'DRAINING';
    expect(await ask(port, 'livez')).toMatchObject({ code: 0 });
    expect(await ask(port, 'readyz')).toMatchObject({ code: 1, lines: [expect.stringContaining('503')] });
    server.close();
    server.closeAllConnections();
    expect(await ask(port, 'livez')).toMatchObject({ code: 1, lines: [expect.stringContaining('ECONNREFUSED')] });
  });
});
