import type { WorkflowFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { PROMPT_FAMILIES } from '../../src/method/prompts/index.ts';
import { SELF_TALK_PRIMER } from '../../src/method/prompts/text.ts';
import type { Attempt } from '../../src/method/rows.ts';
import { isFlawed } from '../../src/method/self-talk/judged.ts';
import type { TalkRemoval, TalkRow } from '../../src/method/self-talk/verify.ts';
import type { TrainingRow } from '../../src/method/sft.ts';
import type { SelfTalkProgress } from '../../src/workflows/contract.ts';
import type { SelfTalkResult } from '../../src/workflows/self-talk.ts';
import { Bench, eventually } from '../support/bench.ts';
import { tell } from '../support/fake-answers.ts';
import type { FakeOpenAi, FakeOptions } from '../support/fake-openai.ts';
import { aSelfTalk, type SelfTalkShape } from '../support/self-talk-input.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const MODELS = ['actor', 'critic', 'smoother'];
const engine = (options: Partial<FakeOptions> = {}) => bench.fake({ models: MODELS, ...options });
const started = async (id: string, fake: FakeOpenAi, shape: Partial<SelfTalkShape> = {}) =>
  await bench.startSelfTalk(id, aSelfTalk({ url: fake.url, ...shape }));

const removedOf = (id: string) => bench.rows<{ reason: TalkRemoval; row: TalkRow }>(`runs/${id}/removed.jsonl`);
const keptOf = (id: string) => bench.rows<TalkRow>(`runs/${id}/self-talk.jsonl`);
const countOf = ({ removed }: SelfTalkResult, reason: TalkRemoval) =>
  removed.find((it) => it.reason === reason)?.rows ?? 0;

/** What the rows of the stages say of how often each solution was written again. */
async function rewritesByKey(id: string): Promise<Map<string, number>> {
  const rewrites = new Map<string, number>();
  for (const row of await bench.stage<Attempt>(id, 'chains/sample'))
    rewrites.set(`${row.question.id}/${row.sample}`, 0);
  for (let round = 1; ; round++) {
    const rows = await bench.stage<Attempt>(id, `chains/round-${round}/rewrite`);
    if (rows.length === 0) return rewrites;
    for (const { question, sample } of rows) rewrites.set(`${question.id}/${sample}`, round);
  }
}

describe('a self-talk run', () => {
  it('writes chains, makes each one text, keeps the right ones, trains on them and tests what it trained', async () => {
    const fake = await engine();
    const handle = await started('talk-whole', fake, {
      samples: 2,
      training: { base: bench.actorFolder, epochs: 2 },
      evaluation: { questions: { source: 'arithmetic', split: 'test', seed: 1, count: 20 }, maxTokens: 512 },
    });
    const result = await handle.result();

    const rewrites = await rewritesByKey('talk-whole');
    const kept = await keptOf('talk-whole');
    const removed = await removedOf('talk-whole');
    expect(result).toMatchObject({ status: 'completed', chains: 120, kept: kept.length });
    expect(kept.length + removed.length).toBe(120);
    expect(kept.length).toBeGreaterThan(40);
    expect(new Set(kept.map(({ question }) => question.id)).size).toBe(kept.length);
    for (const row of [...kept, ...removed.map(({ row }) => row)])
      expect(row.chain.rewrites).toBe(rewrites.get(`${row.question.id}/${row.sample}`));
    for (const { rewrites, chains } of result.byRewrites)
      expect([...(await rewritesByKey('talk-whole')).values()].filter((n) => n === rewrites)).toHaveLength(chains);
    expect(kept.filter(({ chain }) => chain.rewrites > 0).length).toBeGreaterThan(5);
    for (const { reason, rows } of result.removed)
      expect(removed.filter((row) => row.reason === reason)).toHaveLength(rows);
    expect(countOf(result, 'over-cap')).toBeGreaterThan(10);

    for (const { chain, talk, grade, question } of kept) {
      expect(chain.segments.filter(({ label }) => label === 'wrong')).toHaveLength(
        chain.segments.some(({ isAnswer }) => isAnswer) ? chain.rewrites : 0,
      );
      expect(talk!.text.startsWith(SELF_TALK_PRIMER)).toBe(true);
      expect(grade).toMatchObject({ outcome: 'correct', answer: question.reference });
    }

    const sft = await bench.rows<TrainingRow>('runs/talk-whole/self-talk-sft.jsonl');
    expect(sft.map(({ prompt, completion }) => `${prompt}${completion}`)).toEqual(
      kept.map(({ question, talk }) => {
        const prompt = PROMPT_FAMILIES.base.selfTalk(question);
        return `${prompt}${talk!.text.slice(SELF_TALK_PRIMER.length)}`;
      }),
    );
    expect(bench.workers.training.submitted.at(-1)).toMatchObject({ training: { epochs: 2 } });
    expect(result.checkpoint?.uri).toMatch(/fine-tune/);
    const tested = fake.requests.filter(({ model }) => model.endsWith('/checkpoint'));
    expect(tested).toHaveLength(20);
    for (const { prompt, question } of tested) expect(prompt).toBe(PROMPT_FAMILIES.base.selfTalk(question));
    expect(result.evaluation).toMatchObject({ status: 'completed', questions: 20 });
    expect(fake.repeated).toEqual([]);

    const report = await bench.reportText('talk-whole');
    expect(report).toContain('Right as one text');
    const progress = await handle.query<SelfTalkProgress>('progress');
    expect(progress).toMatchObject({ state: 'finished', kept: kept.length, cost: null });
    await bench.record('self-talk', handle);
  });

  it('keeps what comes before the first wrong step, and asks only for the rest', async () => {
    const fake = await engine();
    await (await started('talk-prefix', fake)).result();
    const critiqued = (await bench.stage<Attempt>('talk-prefix', 'chains/critique')).filter(({ critique }) =>
      isFlawed(critique!),
    );
    const rewritten = await bench.stage<Attempt>('talk-prefix', 'chains/round-1/rewrite');
    expect(rewritten).toHaveLength(critiqued.length);
    for (const { response, critique, refinement } of rewritten) {
      const lines = response.text.trim().split('\n');
      const stays = lines.slice(0, (critique!.firstWrongStep ?? lines.length) - 1);
      expect(refinement!.text.split('\n').slice(0, stays.length)).toEqual(stays);
      const request = fake.requests.find(({ kind, seed }) => kind === 'refine' && seed === refinement!.seed)!;
      if (stays.length > 0) expect(request.prompt.endsWith(`\n\n${stays.join('\n')}\n`)).toBe(true);
    }
  });

  it('has a model make the text, and leaves out what it spoils', async () => {
    const spoiled: Record<string, (text: string) => string> = {
      'lost-steps': (text) => text.replace(/\nAnswer: .*$/, ''),
      'lost-steps ': () => "I'm sorry, I can't help with that.",
      wrong: (text) => text.replace(/Answer: The answer is .*$/, 'Answer: The answer is 123456.'),
    };
    const kinds = Object.keys(spoiled);
    const expected = new Map<string, number>();
    let asked = 0;
    const smooth = (prompt: string) => {
      const kind = kinds[asked++ % 10];
      if (kind === undefined) return tell(prompt);
      expected.set(kind.trim(), (expected.get(kind.trim()) ?? 0) + 1);
      return spoiled[kind]!(tell(prompt));
    };
    const fake = await engine({ smooth });
    const endpoint = { baseUrl: fake.url };
    const result = await (
      await started('talk-model', fake, { smoother: { source: 'model', model: 'smoother', endpoint } })
    ).result();
    expect(fake.requests.filter(({ kind }) => kind === 'smooth')).toHaveLength(asked);
    expect(fake.requests.filter(({ kind }) => kind === 'smooth').every(({ chat }) => chat)).toBe(true);
    for (const [reason, rows] of expected) expect(countOf(result, reason as TalkRemoval)).toBe(rows);
    expect(result.kept).toBe(asked - [...expected.values()].reduce((sum, n) => sum + n, 0));
    const [first] = await keptOf('talk-model');
    expect(first!.talk).toMatchObject({ model: 'smoother' });
  });

  it('goes on without a model that does not answer, once its time is over', async () => {
    const fake = await engine();
    const smoother = {
      source: 'model',
      model: 'smoother',
      endpoint: { baseUrl: 'http://127.0.0.1:9/v1' },
      patienceMinutes: 0,
    } as const;
    const failed = await (await started('talk-down', fake, { smoother, pool: 20 })).result().catch((error) => error);
    expect((failed as WorkflowFailedError).cause?.message).toMatch(
      /^self-talk: 0 of 20 chains became a text with the right answer, .* unavailable \(not written: the model did not answer\)/,
    );
    expect((await removedOf('talk-down')).filter(({ reason }) => reason === 'unavailable').length).toBeGreaterThan(5);
    expect(await bench.reportText('talk-down')).toContain('failed');
  });

  it('fails where too little is left, and says what of', async () => {
    const fake = await engine({ skill: () => 0 });
    const failed = await (await started('talk-yield', fake, { rounds: 0 })).result().catch((error) => error);
    const { cause } = failed as WorkflowFailedError;
    expect(cause).toMatchObject({ type: 'YieldTooLow' });
    expect(cause?.message).toContain('budget (still with a wrong step');
    expect(cause?.message).toContain('talk-yield/removed.jsonl');
    expect((await removedOf('talk-yield')).every(({ reason }) => reason !== 'stopped')).toBe(true);
  });

  it('stopped now keeps what it has, and goes on from there under the same ID', async () => {
    const fake = await engine();
    const hold = fake.hold(({ kind, before }) => kind === 'refine' && before === 0 && fake.requests.length > 130);
    const handle = await started('talk-stop', fake);
    await hold.reached();
    expect(await handle.query<SelfTalkProgress>('progress')).toMatchObject({ state: 'running', rounds: 4 });
    await handle.signal('stop', { mode: 'now', reason: 'enough' });
    const stopped = await handle.result();
    hold.release();
    expect(stopped).toMatchObject({ status: 'stopped', reason: 'enough', checkpoint: null, chains: 60 });
    expect(countOf(stopped, 'stopped')).toBeGreaterThan(0);
    expect(stopped.kept).toBeGreaterThan(0);

    const again = await (await started('talk-stop', fake)).result();
    expect(again.status).toBe('completed');
    expect(again.kept).toBeGreaterThan(stopped.kept);
    expect(countOf(again, 'stopped')).toBe(0);
    expect(fake.repeated).toEqual([]);

    const other = await engine();
    const whole = await (await started('talk-not-stopped', other)).result();
    expect(await keptOf('talk-stop')).toEqual(await keptOf('talk-not-stopped'));
    expect(again.byRewrites).toEqual(whole.byRewrites);
    await bench.record('self-talk-stopped', handle);
  });

  it('waits while it is paused', async () => {
    const fake = await engine();
    const hold = fake.hold(({ kind }) => kind === 'critique');
    const handle = await started('talk-pause', fake, { pool: 20 });
    await hold.reached();
    await handle.signal('pause');
    await eventually('idle', async () => fake.inFlight === 0);
    hold.release();
    expect(await handle.query<SelfTalkProgress>('progress')).toMatchObject({ state: 'paused' });
    await handle.signal('resume');
    expect(await handle.result()).toMatchObject({ status: 'completed', chains: 20 });
  });

  it('ends before it spends more than it may', async () => {
    const fake = await engine();
    const critic = { price: { prompt: 100, completion: 100 } };
    const result = await (await started('talk-cost', fake, { critic, costLimit: 1 })).result();
    expect(result).toMatchObject({ status: 'stopped', reason: expect.stringContaining('the cost limit of $1') });
    expect(result.cost).toBeLessThanOrEqual(1);
  });
});
