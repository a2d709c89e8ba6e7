// What the contenders in Node have in common: arguments, prompts, and what they say in the end.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

const [url, questions, output, inFlight] = process.argv.slice(2);
export const job = { url, questions, output, inFlight: Number(inFlight) };

/** Asks with so many at a time, appends a row for each answer, and makes them durable. */
export async function appendRows(ask) {
  const lines = readFileSync(job.questions, 'utf8').trimEnd().split('\n').map(JSON.parse);
  await measure(async () => {
    const file = openSync(job.output, 'a');
    let next = 0;
    const work = async () => {
      while (next < lines.length) {
        const { question, prompt } = lines[next++];
        const seed = next;
        const request = { model: 'actor', prompt, n: 1, seed, temperature: 0.7, top_p: 1, max_tokens: 1024 };
        const { choices, usage } = await ask(request);
        const [{ text, finish_reason: finishReason }] = choices;
        const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage;
        const response = { text, finishReason, model: 'actor', seed, promptTokens, completionTokens };
        writeSync(file, `${JSON.stringify({ question, sample: 0, response, grade })}\n`);
      }
    };
    await Promise.all(Array.from({ length: job.inFlight }, work));
    const answered = performance.now();
    fsyncSync(file);
    closeSync(file);
    return answered;
  });
}

export const grade = { outcome: 'ungraded', answer: null, rule: 'nobody asked', tier: 'rules' };

/** @param work gives when the last answer was there */
export async function measure(work) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const answered = await work();
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const { maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ wall, generation: answered - began, cpu: (user + system) / 1000, rss: maxRSS / 1024 }));
}
