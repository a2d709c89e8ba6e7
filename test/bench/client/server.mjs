// node server.mjs LATENCY_MS: an OpenAI-compatible server whose answers of 120 tokens are ready; one in 20 takes three times as long.
import { createServer } from 'node:http';

const latency = Number(process.argv[2]);
const steps =
  'She has 3 baskets with 24 apples each, and sells half of them. So 3 x 24 = 72, and 72 / 2 = 36.\n'.repeat(4);
const body = JSON.stringify({
  id: 'cmpl-1',
  object: 'text_completion',
  created: 0,
  model: 'actor',
  choices: [{ index: 0, text: `${steps}The answer is 36.`, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 70, completion_tokens: 120, total_tokens: 190 },
});
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };

let asked = 0;
const server = createServer((request, response) => {
  if (request.url === '/v1/models')
    return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"actor"}]}');
  request.resume().once('end', () => {
    const answer = () => response.writeHead(200, headers).end(body);
    if (latency === 0) answer();
    else setTimeout(answer, asked++ % 20 === 0 ? 3 * latency : latency);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', 1024, () => console.log(server.address().port));
