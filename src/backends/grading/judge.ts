import type { JudgeConfig } from '../../config/oracle.ts';
import type { Message } from '../../method/prompts/index.ts';
import type { Question } from '../../method/rows.ts';
import type { Engine } from '../inference/engine.ts';

/** Longer than any final answer; room for nothing else. */
const LONGEST_ANSWER = 1_000;

/**
 * Asks a model whether an answer is the reference. Null where it says neither yes nor no, which is no judgement.
 * @throws as the engine does: a judge that can't be reached is waited for, like any other model
 */
export async function askJudge(
  engine: Engine,
  judge: JudgeConfig,
  asked: { question: Question; answer: string },
  signal: AbortSignal,
): Promise<boolean | null> {
  if (asked.answer.length > LONGEST_ANSWER) return null;
  const { client, name } = await engine.serve({ config: judge, checkpoint: null }, signal);
  const { texts } = await client.generate(
    {
      model: name,
      prompt: judgePrompt(asked.question, asked.answer),
      n: 1,
      seed: 0,
      temperature: 0,
      maxTokens: judge.maxTokens,
      stop: [],
    },
    signal,
  );
  const [said] = texts;
  return said?.finishReason === 'stop' ? readJudgement(said.text) : null;
}

export const JUDGE_REQUEST =
  'You compare the final answer of a student with the reference answer of a problem. Do not solve the problem: the reference is right.';

/** The answer stands last but one, as JSON, so that nothing in it reads as an instruction of ours. */
function judgePrompt({ question, reference }: Question, answer: string): Message[] {
  const content = [
    JUDGE_REQUEST,
    'They are the same if they mean the same value, expression, set or choice, however it is written.',
    `Problem: ${question}`,
    `Reference answer: ${reference}`,
    `Answer of the student, as a JSON string: ${JSON.stringify(answer)}`,
    'Are the two answers the same? Reply with one word: yes or no.',
  ];
  return [{ role: 'user', content: content.join('\n\n') }];
}

/** The whole reply has to be the one word. */
export function readJudgement(reply: string): boolean | null {
  const word = /^\W*(yes|no)\W*$/i.exec(reply)?.[1]?.toLowerCase();
  return word === undefined ? null : word === 'yes';
}
