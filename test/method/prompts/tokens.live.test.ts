import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { PromptFamilyName } from '../../../src/method/prompts/index.ts';
import { PRIMER, REFINE_REQUEST, SHORT_REFINE_REQUEST } from '../../../src/method/prompts/text.ts';
import { critiqueRow, refineRow, solveRow, type TrainingRow } from '../../../src/method/sft.ts';
import { aQuestion } from '../../support/attempts.ts';

const question = aQuestion('q', { question: 'Ann has 2 pears and buys 3 more. How many has she?' });
const response = '2+3=6\nThe answer is 6.';
const critique = 'Step sentence: 2+3=6\nCorrectness of the step: Wrong\nExplanation: It is 5.';
const refinement = 'Ann has 2+3=5 pears.\nThe answer is 5.';

interface Tokens {
  /** Of the prompt, as the engine asks with them. */
  asked: string[];
  /** As the trainer learns them. */
  prompt: string[];
  completion: string[];
  /** The text that the model reads before it writes. */
  read: string;
}

/** Each family with the tokenizers of the models it is for, their beginning of text, and what ends a turn for whoever samples. */
const MODELS: [PromptFamilyName, tokenizer: string, bos: string | null, end: string][] = [
  ['base', 'llama-3', '<|begin_of_text|>', '<|end_of_text|>'],
  ['base', 'qwen-2.5', null, '<|endoftext|>'],
  ['llama-3-instruct', 'llama-3-instruct', '<|begin_of_text|>', '<|eot_id|>'],
  ['llama-3-instruct', 'llama-3-instruct as first released', '<|begin_of_text|>', '<|eot_id|><|end_of_text|>'],
  ['llama-2-base', 'llama-2', '<s>', '</s>'],
  ['llama-2-chat', 'llama-2-chat', '<s>', ' </s>'],
  ['chatml', 'qwen-2.5', null, '<|im_end|><|endoftext|>'],
  ['chatml', 'qwen-2.5-instruct', null, '<|im_end|>'],
  ['chat', 'llama-3-instruct', '<|begin_of_text|>', '<|eot_id|>'],
  ['chat', 'llama-2-chat', '<s>', ' </s>'],
  ['chat', 'qwen-2.5-instruct', null, '<|im_end|>\n'],
  ['chat', 'qwen-3 thinking', null, '<|im_end|>\n'],
];

const rowsOf = (family: PromptFamilyName): TrainingRow[] => [
  solveRow(family, 'correct', question, refinement),
  refineRow(family, 'feedback', { question, response, critique, refinement }),
  critiqueRow(family, question, response, critique),
];
const KINDS = ['solve', 'refine', 'critique'];

/** The text families that spell out a chat template, with the models whose own template it is. */
const SPELT: [PromptFamilyName, tokenizer: string][] = [
  ['llama-3-instruct', 'llama-3-instruct'],
  ['llama-2-chat', 'llama-2-chat'],
  ['chatml', 'qwen-3'],
];

/** Spaces and newlines as the vocabularies spell them. */
const spelt = (tokens: string[]) => tokens.join('').replaceAll(/[▁Ġ]/g, ' ').replaceAll('Ċ', '\n');

const tokens = new Map<string, Tokens[]>();

beforeAll(async () => {
  const pairs = [...MODELS, ...SPELT, ...SPELT.map(([, tokenizer]) => ['chat', tokenizer] as const)];
  const wanted = [...new Map(pairs.map(([family, tokenizer]) => [`${family}/${tokenizer}`, { family, tokenizer }]))];
  const rows = wanted.flatMap(([, { family, tokenizer }]) => rowsOf(family).map((row) => ({ ...row, tokenizer })));

  const script = fileURLToPath(new URL('tokens.py', import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const child = spawn(inject('python'), [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(rows));
  const [answer] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const answered = JSON.parse(answer) as Tokens[];
  for (const [i, [name]] of wanted.entries()) tokens.set(name, answered.slice(3 * i, 3 * i + 3));
});

describe.each(MODELS)('family %s, tokenizer of %s', (family, tokenizer, bos, end) => {
  it.each(KINDS)('%s: the tokens trained on are those sampled from', (kind) => {
    const { asked, prompt, completion } = tokens.get(`${family}/${tokenizer}`)![KINDS.indexOf(kind)]!;
    expect(prompt).toEqual(asked);
    // Llama-2 chat begins a sequence for each turn of the user.
    const turns = bos === '<s>' && family !== 'llama-2-base' && kind === 'refine' ? 2 : 1;
    if (bos) expect(asked[0]).toBe(bos);
    expect(asked.filter((token) => token === bos)).toHaveLength(bos ? turns : 0);
    expect(spelt(completion).endsWith(`.${end}`)).toBe(true);
  });
});

describe.each(SPELT)('family %s and the chat template of %s', (family, tokenizer) => {
  it.each(KINDS)('%s: say the same, but for the primer', (kind) => {
    const of = (family: PromptFamilyName) => tokens.get(`${family}/${tokenizer}`)![KINDS.indexOf(kind)]!.read;
    const said = of(family).replace(SHORT_REFINE_REQUEST, REFINE_REQUEST);
    const space = family === 'llama-2-chat' ? ' ' : '';
    expect(said).toBe(of('chat') + (kind === 'critique' ? '' : space + PRIMER));
  });
});
