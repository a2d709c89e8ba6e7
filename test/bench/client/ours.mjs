// A shard as an inference worker runs it, from questions in the store to an artifact of rows.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { MockActivityEnvironment } from '@temporalio/testing';
import { generate } from '../../../dist/activities/generations.js';
import { runShard } from '../../../dist/activities/shard.js';
import { createEngines } from '../../../dist/backends/inference/engines.js';
import { readRows, writeRows } from '../../../dist/backends/storage/artifacts.js';
import { FolderStore } from '../../../dist/backends/storage/store.js';
import { grade, job, measure } from './job.mjs';

const store = new FolderStore(job.output);
const questions = await writeRows(store, 'questions.jsonl', readLines());
const endpoint = { baseUrl: job.url, maxInFlight: job.inFlight };
const config = { model: 'actor', endpoint, promptFamily: 'base', maxTokens: 1024, temperature: 0.7 };
const task = { run: 'run', stage: 'sample', shard: 0, seed: 0, model: { config, checkpoint: null } };
let answered = 0;
const stage = {
  itemOf: (row) => row.question.id,
  added: (row) => row.response,
  isRight: () => false,
  read: () => grade.outcome,
  async *items() {
    for await (const { question, prompt } of readRows(store, questions))
      yield {
        key: question.id,
        async generate(ask) {
          const [response] = await generate(ask, task, question.id, { prompt, n: 1, temperature: 0.7 });
          answered = performance.now();
          return [{ question, sample: 0, response, grade }];
        },
      };
  },
};
const engine = createEngines({ store, env: {} });
await measure(async () => {
  await new MockActivityEnvironment().run(runShard, { store, engine }, task, stage);
  return answered;
});

async function* readLines() {
  for await (const line of createInterface(createReadStream(job.questions))) yield JSON.parse(line);
}
