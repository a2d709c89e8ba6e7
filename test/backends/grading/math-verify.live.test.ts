import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MathVerify, type VerifyTask } from '../../../src/backends/grading/math-verify.ts';
import { graderFile } from '../../../src/backends/package.ts';
import { ensurePython, GRADER } from '../../../src/cli/setup/python.ts';

let python: string;
let mathVerify: MathVerify;

beforeAll(async () => {
  python = await ensurePython({ log: (line) => process.stderr.write(`set-up: ${line}\n`), ...GRADER });
  mathVerify = new MathVerify({ python: async () => python, processes: 2 });
}, 300_000);
afterAll(() => mathVerify.close());

describe('Math-Verify', () => {
  it.each<[VerifyTask, boolean]>([
    [{ answer: '\\frac12', reference: '0.5' }, true],
    [{ answer: '\\frac12', reference: '0.6' }, false],
    [{ answer: '(x+1)^2', reference: 'x^2+2x+1' }, true],
    [{ answer: '$1,2$', reference: '\\{1,2\\}' }, true],
    [{ response: 'So $x = 7$ is the solution.\nThe answer is $\\boxed{7}$.', reference: '7' }, true],
    [{ response: 'I do not know.', reference: '7' }, false],
    [{ answer: '7\u2028\ud800', reference: 'ä\n' }, false],
  ])('of %j says %s', async (task, equal) => {
    expect(await mathVerify.verify(task)).toEqual({ equal, ms: expect.any(Number) });
  });

  it('says that it ran out of time, and goes on', async () => {
    const hostile = { answer: '9^{9^{9^9}}', reference: '5' };
    const [late, other] = await Promise.all([
      mathVerify.verify(hostile),
      mathVerify.verify({ answer: '2', reference: '2.0' }),
    ]);
    expect(late).toMatchObject({ failed: 'timeout' });
    expect(other).toMatchObject({ equal: true });
    expect(await mathVerify.verify({ answer: '2', reference: '3' })).toMatchObject({ equal: false });
  });

  it('ends with the process that asked', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(${JSON.stringify(python)}, [${JSON.stringify(graderFile('verify.py'))}], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdout.once('data', () => console.log(child.pid));`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = (await once(createInterface(parent.stdout), 'line')) as [string];
    expect(isAlive(Number(pid))).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(Number(pid)), { timeout: 10_000 }).toBe(false);
  });
});

describe('npm run bench -- grade', () => {
  it('prints this grader and Math-Verify on the same cases', async () => {
    const root = join(import.meta.dirname, '../../..');
    const cases = join(root, 'test/fixtures/grading-cases.jsonl');
    const child = spawn(process.execPath, [join(root, 'test/bench/main.mjs'), 'grade', cases, '--json']);
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    const { graders } = JSON.parse(stdout);
    expect(graders).toMatchObject([
      { grader: 'critique-loop', accuracy: 1, falsePositives: 0 },
      { grader: 'Math-Verify', version: '0.9.0' },
    ]);
    const [ours, theirs] = graders;
    expect(theirs.accuracy).toBeGreaterThan(0.8);
    expect(ours.mean).toBeLessThan(theirs.mean);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
