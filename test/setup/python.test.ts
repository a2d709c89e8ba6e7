import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensurePython, GRADER } from '../../src/cli/setup/python.ts';
import { bareMachine, type Machine } from './fakes.ts';

/**
 * An interpreter of that version. It answers the probe, makes a "virtual environment" that holds a copy of itself, and
 * installs with `pip`, whose behaviour a test gives.
 */
const fakePython = (machine: Machine, version: string, pip = 'exit 0', complete = true) => `
case "$*" in
  *ensurepip*) echo ${version}; ${complete ? 'echo complete' : 'exit 1'};;
  "-m venv "*) /bin/mkdir -p "$3/bin"; /bin/cp "$0" "$3/bin/python";;
  "-m pip "*) echo pip >> ${machine.folder}/calls; ${pip};;
esac`;

async function machineWith(requirements = 'torch==2.0.0\ntrl==1.0.0\n') {
  const machine = await bareMachine();
  const file = join(machine.folder, 'requirements.txt');
  await writeFile(file, requirements);
  const ask = (env: NodeJS.ProcessEnv = {}) =>
    ensurePython({ log: machine.log, env: { ...machine.env, ...env }, requirements: file });
  const calls = () => readFile(join(machine.folder, 'calls'), 'utf8').then((text) => text.split('\n').length - 1);
  return { machine, ask, calls, file };
}

it('makes one environment for two that ask at the same time, and finds it again', async () => {
  const { machine, ask, calls } = await machineWith();
  await machine.program('python3', fakePython(machine, '3.11.2', '/bin/sleep 0.3'));
  const [one, two] = await Promise.all([ask(), ask()]);
  expect(one).toBe(two);
  expect(one).toMatch(/3\.11\.2-.*\/bin\/python$/);
  expect(await ask()).toBe(one);
  expect(await calls()).toBe(1);
});

it('makes another one for other packages or another Python', async () => {
  const { machine, ask, file } = await machineWith();
  await machine.program('python3', fakePython(machine, '3.11.2'));
  const first = await ask();
  await writeFile(file, 'torch==2.1.0\n');
  const second = await ask();
  await machine.program('python3', fakePython(machine, '3.12.0'));
  expect(new Set([first, second, await ask()]).size).toBe(3);
});

it('starts afresh after a set-up that was killed half-way', async () => {
  const { machine, ask } = await machineWith();
  await machine.program('python3', fakePython(machine, '3.11.2'));
  const folder = join(await ask(), '../../..');
  const half = join(folder, 'venv-1-1');
  await mkdir(half);
  await writeFile(join(folder, 'ready.json'), JSON.stringify({ python: join(half, 'bin/python') }));
  expect(existsSync(await ask())).toBe(true);
  expect(existsSync(half)).toBe(false);
});

it('passes over what is too old or has no venv module', async () => {
  const { machine, ask } = await machineWith();
  await machine.program('python3', fakePython(machine, '3.9.1'));
  await machine.program('python3.13', fakePython(machine, '3.13.0', 'exit 0', false));
  await machine.program('python3.12', fakePython(machine, '3.12.4'));
  expect(await ask()).toContain('/3.12.4-');
});

it.each([
  ['none', {}, 'found none on PATH'],
  ['an old one', { python3: ['3.9.1', true] }, 'is 3.9.1'],
  ['one without venv', { python: ['3.11.0', false] }, '(3.11.0) has no venv module'],
] as const)('says what to install where there is %s', async (_, programs, reason) => {
  const { machine, ask } = await machineWith();
  for (const [name, [version, complete]] of Object.entries(programs) as [string, [string, boolean]][]) {
    await machine.program(name, fakePython(machine, version, 'exit 0', complete));
  }
  const error: Error = await ask().then(
    () => expect.unreachable(),
    (thrown) => thrown,
  );
  expect(error.name).toBe('SetupError');
  for (const part of [reason, 'Python 3.10', 'apt install python3', 'CRITIQUE_LOOP_PYTHON']) {
    expect(error.message).toContain(part);
  }
});

it('passes on why pip failed, and tries again the next time', async () => {
  const { machine, ask } = await machineWith();
  const pip = 'echo "Collecting torch"; echo "ERROR: No matching distribution found for torch==2.0.0" >&2; exit 1';
  await machine.program('python3', fakePython(machine, '3.11.2', pip));
  await expect(ask()).rejects.toThrow('ERROR: No matching distribution found for torch==2.0.0');
  await machine.program('python3', fakePython(machine, '3.11.2'));
  expect(existsSync(await ask())).toBe(true);
});

it('takes CRITIQUE_LOOP_PYTHON as it is, and says where its versions differ', async () => {
  const { machine, ask } = await machineWith();
  const mine = await machine.program('mine', 'echo "torch 2.0.0+cpu"; echo "trl 1.0.1"');
  expect(await ask({ CRITIQUE_LOOP_PYTHON: mine })).toBe(mine);
  expect(machine.lines).toEqual([`${mine} has trl 1.0.1; tested with 1.0.0`]);
});

it('has a variable of its own for the grader', async () => {
  const { machine, file } = await machineWith('math-verify==0.9.0\n');
  const [trainers, graders] = await Promise.all([
    machine.program('trainers', 'echo "math-verify missing"'),
    machine.program('graders', 'echo "math-verify 0.9.0"'),
  ]);
  const env = { ...machine.env, CRITIQUE_LOOP_PYTHON: trainers, CRITIQUE_LOOP_GRADER_PYTHON: graders };
  expect(await ensurePython({ ...GRADER, log: machine.log, env, requirements: file })).toBe(graders);
});

it.each([
  ['lacks a package', 'echo "torch 2.0.0"; echo "trl missing"', 'has no trl'],
  ['does not run', 'echo "bad interpreter" >&2; exit 1', 'does not run (bad interpreter)'],
])('names CRITIQUE_LOOP_PYTHON and its value where it %s', async (_, script, reason) => {
  const { machine, ask } = await machineWith();
  await machine.program('python3', fakePython(machine, '3.11.2'));
  const mine = await machine.program('mine', script);
  await expect(ask({ CRITIQUE_LOOP_PYTHON: mine })).rejects.toThrow(`CRITIQUE_LOOP_PYTHON is ${mine}, which ${reason}`);
});
