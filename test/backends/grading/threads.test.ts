import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GradingThreads } from '../../../src/backends/grading/threads.ts';

const HOSTILE = join(import.meta.dirname, 'hostile-thread.mjs');
const LIMIT_MS = 400;

function pool(options: ConstructorParameters<typeof GradingThreads>[0]): GradingThreads {
  const threads = new GradingThreads(options);
  onTestFinished(() => threads.close());
  return threads;
}

const hostile = (threads = 1, limitMs = LIMIT_MS) => pool({ entry: HOSTILE, limitMs, threads });

const compare = (answer: string) => ({ kind: 'compare', answer, reference: '' }) as const;

/** The answers in short: what a thread said, or what became of it. */
const ask = async (threads: GradingThreads, ...answers: string[]) =>
  (await threads.run(answers.map(compare))).map((done) => ('answer' in done ? done.answer.rule : done.failed));

describe('grading threads', () => {
  it('compare, read, grade and vote', async () => {
    const threads = pool({ threads: 1 });
    const reference = '18';
    const done = await threads.run([
      { kind: 'compare', answer: '18.0', reference },
      { kind: 'read', text: 'So it is $\\boxed{17}$.', answerFormat: 'boxed', reference },
      { kind: 'read', text: 'I do not know', answerFormat: 'boxed', reference },
      {
        kind: 'grade',
        response: { text: 'The answer is 18.', finishReason: 'stop' },
        question: { reference, answerFormat: 'plain' },
      },
      { kind: 'vote', answers: ['1/2', null, '3', '0.5'] },
    ]);
    expect(done.map((each) => 'answer' in each && each.answer)).toMatchObject([
      { outcome: 'equal' },
      { outcome: 'different', answer: '17' },
      { outcome: 'unparsed-response', answer: null },
      { outcome: 'correct', answer: '18', tier: 'rules' },
      { winners: [{ representative: '1/2', members: [0, 3] }], abstentions: [1] },
    ]);
    for (const { ms } of done) expect(ms).toBeLessThan(1_000);
  });

  it('answer every set in its order, whatever the others do', async () => {
    const threads = hostile(2);
    const sets = Array.from({ length: 60 }, (_, set) => Array.from({ length: 1 + (set % 7) }, (_, i) => `${set}/${i}`));
    sets[5]![2] = 'hang';
    const answered = await Promise.all(sets.map((set) => ask(threads, ...set)));
    sets[5]![2] = 'killed';
    expect(answered).toEqual(sets);
  });

  it('leave the event loop free', async () => {
    const threads = hostile();
    const work = ask(threads, ...Array.from({ length: 8 }, () => 'be slow'));
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 20);
    await work;
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(20);
  });

  it.each(['hang', 'hang in a regular expression'])('are killed for a task that makes them %s', async (trick) => {
    const threads = hostile();
    const started = performance.now();
    const other = ask(threads, 'x', 'y');
    expect(await ask(threads, 'a', trick, 'b')).toEqual(['a', 'killed', 'b']);
    expect(await other).toEqual(['x', 'y']);
    const ms = performance.now() - started;
    expect(ms).toBeGreaterThan(LIMIT_MS * 0.9);
    // Once, and never tried again.
    expect(ms).toBeLessThan(LIMIT_MS * 5);
  });

  it('are killed one after the other for tasks of one batch', async () => {
    expect(await ask(hostile(), 'hang', 'a', 'hang', 'b', 'hang')).toEqual(['killed', 'a', 'killed', 'b', 'killed']);
  });

  it.each(['exit', 'fill memory'])('are replaced where a task makes them %s', async (trick) => {
    expect(await ask(hostile(1, 15_000), 'a', trick, 'b')).toEqual(['a', 'crashed', 'b']);
  });

  it('survive code that throws', async () => {
    const threads = hostile();
    expect(await ask(threads, 'a', 'throw', 'b')).toEqual(['a', 'crashed', 'b']);
  });

  it('are not killed for a task of many steps, nor for many tasks', async () => {
    const threads = hostile();
    const answers = Array.from({ length: 5 }, () => 'be slow');
    expect(await threads.run([{ kind: 'vote', answers }])).toMatchObject([{ answer: {} }]);
    expect(await ask(threads, ...answers)).toEqual(answers);
  });

  it('say why they cannot be started, and try again the next time', async () => {
    const threads = pool({ entry: join(import.meta.dirname, 'absent.mjs') });
    for (const _ of [1, 2]) await expect(ask(threads, 'a')).rejects.toThrow(/thread .*absent\.mjs can't be started/);
  });

  it('are closed with what they do and what waits for them', async () => {
    const threads = hostile();
    const work = [ask(threads, 'hang', 'a'), ask(threads, 'b')].map((set) => expect(set).rejects.toThrow('closed'));
    await sleep(LIMIT_MS / 2);
    await threads.close();
    await Promise.all(work);
    await expect(ask(threads, 'c')).rejects.toThrow('closed');
  });

  it('keep a process while they work, and not when they are idle', async () => {
    const script = `
      import { GradingThreads } from ${JSON.stringify(join(import.meta.dirname, '../../../dist/backends/grading/threads.js'))};
      const done = await new GradingThreads().run([{ kind: 'compare', answer: '1', reference: '1' }]);
      console.log(done[0].answer.outcome);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('equal\n');
  });
});
