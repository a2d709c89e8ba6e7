import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';
import { bareMachine, type Machine } from './fakes.ts';

const WORKS = 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"';
const cacheOf = (machine: Machine) => join(machine.folder, 'cache', 'critique-loop', 'temporal-cli');

/** A `go` that writes a program to the path after -o, as `go build` does, and counts its calls. */
const fakeGo = (folder: string, made = WORKS) => `
echo build >> ${folder}/calls
for word in "$@"; do [ "$last" = -o ] && out=$word; last=$word; done
/bin/sleep 0.3
printf '#!/bin/sh\\n%s\\n' '${made}' > "$out"; /bin/chmod +x "$out"`;

it('takes TEMPORAL_CLI before one on PATH', async () => {
  const machine = await bareMachine();
  await machine.program('temporal', WORKS);
  const mine = await machine.program(join(machine.folder, 'mine', 'temporal'), WORKS);
  expect(await ensureTemporalCli({ log: machine.log, env: { ...machine.env, TEMPORAL_CLI: mine } })).toBe(mine);
});

it.each([
  ['does not exist', undefined, 'ENOENT'],
  ['is another program', 'echo "something else 1.0"', 'something else 1.0'],
  ['fails', 'echo "no such library" >&2; exit 3', 'no such library'],
])('names TEMPORAL_CLI and its value where it %s, whatever is on PATH', async (_, script, reason) => {
  const machine = await bareMachine();
  await machine.program('temporal', WORKS);
  const path = join(machine.folder, 'mine', 'temporal');
  if (script) await machine.program(path, script);
  const result = ensureTemporalCli({ log: machine.log, env: { ...machine.env, TEMPORAL_CLI: path } });
  await expect(result).rejects.toThrow(`TEMPORAL_CLI is ${path}`);
  await expect(result).rejects.toThrow(reason);
});

it('takes the first on PATH that works, before the cache', async () => {
  const machine = await bareMachine();
  const broken = await machine.program('temporal', 'exit 1');
  const works = await machine.program(join(machine.folder, 'bin2', 'temporal'), WORKS);
  await machine.program(join(cacheOf(machine), 'temporal-sdk-typescript-0'), WORKS);
  const env = { ...machine.env, PATH: `${machine.env.PATH}:${join(machine.folder, 'bin2')}` };
  expect(await ensureTemporalCli({ log: machine.log, env })).toBe(works);
  expect(machine.lines.join()).toContain(`${broken} is not a working Temporal CLI`);
});

it('takes an earlier download from the cache, but not half of one', async () => {
  const machine = await bareMachine();
  await machine.program(join(cacheOf(machine), 'temporal-sdk-typescript-2.downloading'), WORKS);
  const whole = await machine.program(join(cacheOf(machine), 'temporal-sdk-typescript-1'), WORKS);
  expect(await ensureTemporalCli({ log: machine.log, env: machine.env })).toBe(whole);
});

it('builds with Go where the download fails, once for two that ask at the same time', async () => {
  const machine = await bareMachine();
  await machine.program('go', fakeGo(machine.folder));
  const ask = () => ensureTemporalCli({ log: machine.log, env: machine.env });
  const [one, two] = await Promise.all([ask(), ask()]);
  expect(one).toBe(two);
  expect(one).toMatch(/built-[0-9a-f]{12}$/);
  expect(await ask()).toBe(one);
  expect(await readFile(join(machine.folder, 'calls'), 'utf8')).toBe('build\n');
  expect(machine.lines.join('\n')).toContain('the download failed');
});

it('goes on after a build that was killed half-way', async () => {
  const machine = await bareMachine();
  const cache = cacheOf(machine);
  await mkdir(join(cache, 'lock'), { recursive: true });
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((done) => gone.once('exit', done));
  const { hostname } = await import('node:os');
  await writeFile(join(cache, 'lock', '1'), JSON.stringify({ pid: gone.pid, host: hostname() }));
  await writeFile(join(cache, 'built-0123.99.tmp'), 'half a program');
  await machine.program('go', fakeGo(machine.folder));
  const path = await ensureTemporalCli({ log: machine.log, env: machine.env });
  expect(existsSync(path)).toBe(true);
  expect((await readdir(cache)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it.each([
  ['there is no Go', undefined, 'there is no `go` on PATH'],
  ['Go fails', 'echo "go: cannot find module" >&2; exit 1', 'go: cannot find module'],
  ['what Go made does not run', 'broken', 'does not run'],
])('says the three ways in one message where %s', async (_, go, reason) => {
  const machine = await bareMachine();
  if (go) await machine.program('go', go === 'broken' ? fakeGo(machine.folder, 'exit 1') : go);
  const error: Error = await ensureTemporalCli({ log: machine.log, env: machine.env }).then(
    () => expect.unreachable(),
    (thrown) => thrown,
  );
  expect(error.name).toBe('SetupError');
  for (const part of [reason, 'docs.temporal.io/cli', 'TEMPORAL_CLI', 'install Go'])
    expect(error.message).toContain(part);
});
