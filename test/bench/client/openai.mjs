// The `openai` package as it comes.
import OpenAI from 'openai';
import { appendRows, job } from './job.mjs';

const client = new OpenAI({ baseURL: job.url, apiKey: 'none', maxRetries: 0 });
await appendRows((asked) => client.completions.create(asked));
