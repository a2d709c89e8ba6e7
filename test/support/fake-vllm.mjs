// vLLM's server as a client sees it, without a model: `node fake-vllm.mjs FOLDER serve MODEL --port N ...`. What it answers is a function of
// the SHA-256 of its weights and of the prompt. FOLDER/faults.json says what goes wrong; FOLDER/events.jsonl gets what happens.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, ...args] = process.argv.slice(2);
function main() {
  const faults = { startMs: 100, ...readJson(join(folder, 'faults.json')) };
  const tell = (event, more = {}) =>
    appendFileSync(join(folder, 'events.jsonl'), `${JSON.stringify({ event, pid: process.pid, ...more })}\n`);
  const { model, flags } = parse(args);
  const name = flags['--served-model-name'];
  const devMode = process.env.VLLM_SERVER_DEV_MODE === '1';
  tell('start', { model, args });
  console.log('(APIServer pid=1) INFO 11-29 16:00:00 [api_server.py:100] vLLM API server version 0.23.0');
  if (!existsSync(join(model, 'config.json'))) fail('no-model', model);
  if (faults.start) fail(faults.start, model);

  const core = spawn(process.execPath, [process.argv[1], '--engine-core'], { stdio: 'ignore' });
  tell('engine core', { core: core.pid });
  let isDead = false;
  core.once('exit', () => {
    isDead = true;
    // vLLM's watchdog looks every five seconds, and its server may take a minute to end.
    if (!faults.hangs) setTimeout(() => process.exit(0), 300);
  });
  process.once('SIGTERM', () => {
    core.kill('SIGKILL');
    tell('terminated');
    process.exit(0);
  });

  let weights = sha256(model);
  let isPaused = false;
  let isAsleep = false;
  let asked = 0;
  let running = 0;
  const adapters = new Map();
  let prefixCache = new Map();
  const waiting = [];
  const resume = () => {
    isPaused = false;
    for (const go of waiting.splice(0)) go();
  };

  const complete = async (body) => {
    const adapter = adapters.get(body.model);
    if (body.model !== name && !adapter)
      return [404, error(`The model \`${body.model}\` does not exist.`, 'NotFoundError', 404)];
    if (isPaused || isAsleep) await new Promise((go) => waiting.push(go));
    if (isDead)
      return [
        500,
        error(
          'EngineCore encountered an issue. See stack trace (above) for the root cause.',
          'InternalServerError',
          500,
        ),
      ];
    const prompt = body.prompt ?? JSON.stringify(body.messages);
    if (!body.logprobs && ++asked === faults.crashAt) process.kill(process.pid, 'SIGKILL');
    const cached = prefixCache.get(prompt) ?? weights;
    prefixCache.set(prompt, cached);
    running++;
    await new Promise((done) => setTimeout(done, faults.answerMs ?? 0));
    running--;
    if (isDead && faults.hangs) await new Promise(() => {});
    if (!body.logprobs) tell('answer', { weights: weights.slice(0, 8), prompt, seed: body.seed ?? null });
    const of = hash(`${weights} ${cached} ${adapter ?? ''} ${prompt}`);
    const reference = faults.references && referenceOf(prompt, faults.references);
    const choices = Array.from({ length: body.n ?? 1 }, (_, index) => ({
      index,
      text: faults.references ? halfRight(reference, of[index]) : `${weights.slice(0, 8)} ${adapter ?? ''}: ${prompt}`,
      finish_reason: 'stop',
      ...(body.logprobs && { logprobs: { top_logprobs: logprobs(of, body.max_tokens) } }),
    }));
    return [200, { model: body.model, choices, usage: { prompt_tokens: 7, completion_tokens: 5 * choices.length } }];
  };

  const routes = {
    'GET /health': () => [isDead ? 503 : 200, ''],
    'GET /v1/models': () => [
      200,
      { data: [{ id: name, root: model }, ...[...adapters.keys()].map((id) => ({ id, parent: name }))] },
    ],
    'GET /metrics': () => [
      200,
      `vllm:num_requests_running{engine="0"} ${running}.0\nvllm:num_requests_waiting{engine="0"} ${waiting.length}.0\n`,
    ],
    'POST /v1/completions': complete,
    'POST /v1/chat/completions': complete,
    ...(process.env.VLLM_ALLOW_RUNTIME_LORA_UPDATING === 'True' && {
      'POST /v1/load_lora_adapter': ({ lora_name, lora_path }) => {
        if (!('--enable-lora' in flags)) return [500, error('LoRA is not enabled.', 'InternalServerError', 500)];
        if (!existsSync(join(lora_path, 'adapter_config.json')))
          return [
            404,
            error(`Loading lora ${lora_name} failed: No adapter found for ${lora_path}`, 'NotFoundError', 404),
          ];
        adapters.set(lora_name, sha256(lora_path).slice(0, 8));
        tell('adapter', { path: lora_path });
        return [200, `Success: LoRA adapter '${lora_name}' added successfully.`];
      },
    }),
    ...(devMode && {
      'POST /pause': () => {
        isPaused = true;
        prefixCache = new Map();
        return [200, { status: 'paused' }];
      },
      'POST /resume': () => {
        resume();
        return [200, { status: 'resumed' }];
      },
      'POST /reset_prefix_cache': () => {
        prefixCache = new Map();
        return [200, ''];
      },
      'POST /collective_rpc': ({ method, kwargs }) => {
        if (method !== 'reload_weights' || faults.reload === 'error')
          return [500, error('Call to collective_rpc method failed: out of memory', 'InternalServerError', 500)];
        if (faults.reload !== 'nothing') weights = sha256(kwargs.weights_path);
        tell('reload', { model: kwargs.weights_path });
        return [200, { results: [null] }];
      },
      'POST /sleep': () => {
        if (faults.sleep === 'refused')
          return [
            500,
            error('Call to sleep method failed: Memory usage increased after sleeping.', 'InternalServerError', 500),
          ];
        isAsleep = true;
        prefixCache = new Map();
        tell('sleep');
        return [200, ''];
      },
      'GET /is_sleeping': () => [200, { is_sleeping: isAsleep }],
      'POST /wake_up': () => {
        isAsleep = false;
        resume();
        tell('wake');
        return [200, ''];
      },
    }),
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (isDead && faults.hangs) return;
    const path = new URL(request.url, 'http://x').pathname;
    const route = routes[`${request.method} ${path}`];
    const [status, body] = route ? await route(text === '' ? {} : JSON.parse(text)) : [404, { detail: 'Not Found' }];
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  setTimeout(() => {
    console.log('(EngineCore pid=2) INFO 11-29 16:00:01 [gpu_model_runner.py:4500] Loading weights took 0.50 seconds');
    server.listen(Number(flags['--port']), flags['--host']);
  }, faults.startMs);
}

const FLAGS = new Set([
  '--enable-sleep-mode',
  '--no-enable-sleep-mode',
  '--disable-uvicorn-access-log',
  '--enable-lora',
  '--enforce-eager',
]);
const OPTIONS = new Set([
  '--host',
  '--port',
  '--served-model-name',
  '--generation-config',
  '--max-lora-rank',
  '--max-num-seqs',
  '--max-model-len',
]);

function parse([command, model, ...rest]) {
  if (command !== 'serve') throw new Error(`no command ${command}`);
  const flags = {};
  for (let i = 0; i < rest.length; i++) {
    if (OPTIONS.has(rest[i])) flags[rest[i]] = rest[++i];
    else if (FLAGS.has(rest[i])) flags[rest[i]] = true;
    else {
      console.error('usage: vllm serve [model_tag] [options]');
      console.error(`vllm serve: error: unrecognized arguments: ${rest[i]}`);
      process.exit(2);
    }
  }
  return { model, flags };
}

function fail(what, model) {
  const texts = {
    memory: [
      '(EngineCore pid=2) ERROR 11-29 16:00:01 [core.py:1194] EngineCore failed to start.',
      '(EngineCore pid=2) ERROR 11-29 16:00:01 [core.py:1194] Traceback (most recent call last):',
      '(EngineCore pid=2) ERROR 11-29 16:00:01 [core.py:1194] ValueError: Free memory on device cuda:0 (3.1/139.8 GiB) on startup is less than desired GPU memory utilization (0.92, 128.62 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
    ],
    'no-model': [
      `(APIServer pid=1) OSError: Invalid repository ID or local directory specified: '${model}'.`,
      '(APIServer pid=1) Please verify the following requirements:',
    ],
  };
  for (const line of texts[what]) console.error(line);
  console.error(
    '(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
  );
  process.exit(1);
}

function sha256(model) {
  const all = createHash('sha256');
  for (const file of readdirSync(model).sort())
    if (file.endsWith('.safetensors')) all.update(readFileSync(join(model, file)));
  return all.digest('hex');
}

/** @param references by question */
function referenceOf(prompt, references) {
  const lines = prompt.split('\n').map((line) => line.replace(/^\w+: | Please also give your final .*$/g, ''));
  return references[lines.find((line) => line in references)];
}

/** An answer as well as a critique, that finds fault. */
const halfRight = (reference, byte) =>
  `Step sentence: so\nCorrectness of the step: Wrong\nExplanation: no\nCorrectness of the final answer: Wrong\nThe answer is ${byte % 2 === 0 ? reference : -1}.`;

const hash = (text) => createHash('sha256').update(text).digest();

const logprobs = (digest, tokens) =>
  Array.from({ length: tokens }, (_, i) => ({ a: -digest[2 * i] / 64, b: -digest[2 * i + 1] / 64 }));

const error = (message, type, code) => ({ error: { message, type, param: null, code } });

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

if (folder === '--engine-core') {
  process.title = 'VLLM::EngineCore';
  setInterval(() => {}, 60_000);
} else main();
