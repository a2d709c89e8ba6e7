// The least that a client in Node can do.
import { Agent, request } from 'undici';
import { appendRows, job } from './job.mjs';

const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null });
const headers = { 'content-type': 'application/json' };
await appendRows(async (asked) => {
  const { body } = await request(`${job.url}/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(asked),
    dispatcher,
  });
  return await body.json();
});
