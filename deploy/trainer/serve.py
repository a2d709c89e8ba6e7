"""An OpenAI-compatible server for small Hugging Face causal language models, on a CPU or one GPU.

    python serve.py --host 127.0.0.1 --port 0 --model actor=models/actor --model critic=models/critic

Prints {"event": "ready", "host", "port"} to stdout once it answers; logs are JSON lines on stderr. It takes the requests
that vLLM takes: completions and chat completions with n, seed, stop, max_tokens, temperature, top_p and logprobs, without
streaming. Errors look as OpenAI's do.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import threading
import time
import uuid

os.environ["HF_HUB_OFFLINE"] = "1"  # a checkpoint is a folder here; nothing is fetched or reported

import torch
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from transformers.utils import logging

from generate import BadCheckpoint, Engine, Model, Sequence

GREEDY_BELOW = 1e-5  # as in vLLM: smaller temperatures overflow
MAX_CHOICES, MAX_LOGPROBS, MAX_STOPS = 4096, 20, 64


class Refused(Exception):
    def __init__(self, status: int, message: str, param: str | None = None):
        kinds = {400: "BadRequestError", 404: "NotFoundError", 405: "MethodNotAllowedError"}
        self.status, self.error = status, {
            "message": message,
            "type": kinds.get(status, "InternalServerError"),
            "param": param,
            "code": status,
        }


# ---- reading a request


async def read_body(request: Request) -> dict:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise Refused(400, f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object")
    return body


def number(body: dict, name: str, default, low, high, kind=int):
    value = body.get(name)
    if value is None:
        return default
    types = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, types) or not low <= value <= high:
        what = "an integer" if kind is int else "a number"
        raise Refused(400, f"{name} must be {what} from {low} to {high}, got {json.dumps(value)}", name)
    return value


def string(body: dict, name: str) -> str:
    if not isinstance(body.get(name), str) or not body[name]:
        raise Refused(400, f"{name} must be a non-empty string, got {json.dumps(body.get(name))}", name)
    return body[name]


def stops(body: dict) -> tuple[str, ...]:
    stop = body.get("stop") or []
    stop = [stop] if isinstance(stop, str) else stop
    if not isinstance(stop, list) or len(stop) > MAX_STOPS or not all(isinstance(s, str) and s for s in stop):
        raise Refused(400, f"stop must be a string or a list of up to {MAX_STOPS} non-empty strings", "stop")
    return tuple(stop)


def find_model(engine: Engine, body: dict) -> Model:
    name = string(body, "model")
    if name not in engine.models:
        loaded = ", ".join(engine.models) or "none"
        raise Refused(404, f"The model `{name}` does not exist. Loaded: {loaded}.", "model")
    return engine.models[name]


def sequences_for(body: dict, model: Model, prompts: list[list[int]], max_tokens: int | None, logprobs: int | None):
    """One sequence for each prompt and choice, checked; `max_tokens` None means the rest of the context."""
    if body.get("stream"):
        raise Refused(400, "stream is not supported: ask with stream false", "stream")
    n = number(body, "n", 1, 1, MAX_CHOICES)
    temperature = number(body, "temperature", 1.0, 0, 100, float)
    top_p = number(body, "top_p", 1.0, 1e-9, 1, float)
    seed = number(body, "seed", None, 0, 2**63 - 1)
    stop = stops(body)
    sequences = []
    for i, prompt in enumerate(prompts):
        if not prompt:
            raise Refused(400, "The prompt is empty: it must hold at least one token", "prompt")
        room = model.max_length - len(prompt)
        want = max(room, 1) if max_tokens is None else max_tokens
        if want > room:
            raise Refused(
                400,
                f"This model's maximum context length is {model.max_length} tokens. However, you requested "
                f"{len(prompt) + want} tokens ({len(prompt)} in the prompt, {want} in the completion). "
                "Please reduce the length of the prompt or max_tokens.",
                "max_tokens" if len(prompt) < model.max_length else "prompt",
            )
        sequences += [
            Sequence(
                prompt=prompt,
                max_tokens=want,
                temperature=0.0 if temperature < GREEDY_BELOW else float(temperature),
                top_p=float(top_p),
                stop=stop,
                seed=seed,
                choice=i * n + choice,
                logprobs=logprobs,
            )
            for choice in range(n)
        ]
    return sequences


def completion_prompts(body: dict, model: Model) -> list[list[int]]:
    prompt = body.get("prompt")
    prompts = prompt if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int) else [prompt]
    ids = []
    for p in prompts:
        if isinstance(p, str):
            ids.append(model.tokenizer(p)["input_ids"])
        elif isinstance(p, list) and all(type(t) is int and 0 <= t < model.vocabulary for t in p):
            ids.append(p)
        else:
            raise Refused(400, f"prompt must be a string, a list of strings, or token ids below {model.vocabulary}", "prompt")
    return ids


def chat_prompt(body: dict, model: Model) -> list[int]:
    """By the tokenizer's chat template; without one, "User: ...\\nAssistant: ...\\n" with "Assistant:" at the end."""
    messages = body.get("messages")
    roles = {"system", "user", "assistant"}
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages must be a non-empty list", "messages")
    for i, m in enumerate(messages):
        if not isinstance(m, dict) or m.get("role") not in roles or not isinstance(m.get("content"), str):
            raise Refused(400, f"messages[{i}] must have a role (system, user or assistant) and a text content", "messages")
    add, go_on = body.get("add_generation_prompt", True), body.get("continue_final_message", False)
    if add and go_on:
        raise Refused(400, "continue_final_message needs add_generation_prompt false", "continue_final_message")
    if model.tokenizer.chat_template:
        try:
            text = model.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=add, continue_final_message=go_on
            )
        except Exception as error:
            raise Refused(400, f"The chat template refuses these messages: {error}", "messages") from error
    else:
        text = "\n".join(f"{m['role'].capitalize()}: {m['content']}" for m in messages)
        text += "" if go_on else "\nAssistant:" if add else "\n"
    return model.tokenizer(text, add_special_tokens=False)["input_ids"]


# ---- answering


async def generate(engine: Engine, model: Model, sequences: list[Sequence], request: Request) -> None:
    """Runs them to their end, or cancels them when the client goes away."""
    engine.submit(model, sequences)
    done = asyncio.gather(*(asyncio.wrap_future(s.done) for s in sequences))
    gone = asyncio.create_task(disconnect(request))
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            raise Refused(499, "The client closed the connection")
        await done
    finally:
        gone.cancel()
        if not done.done():
            for s in sequences:
                s.cancelled = True
            done.cancel()
            await asyncio.gather(done, return_exceptions=True)


async def disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def usage(engine: Engine, sequences: list[Sequence]) -> dict:
    prompt = sum(len(p) for p in {id(s.prompt): s.prompt for s in sequences}.values())
    completion = sum(len(s.tokens) for s in sequences)
    engine.prompt_tokens += prompt
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def answer(kind: str, prefix: str, engine: Engine, model: Model, sequences: list[Sequence], choices: list[dict]) -> Response:
    for choice, s in zip(choices, sequences):
        choice |= {"index": s.choice, "finish_reason": s.finish_reason, "stop_reason": s.stop_reason}
    body = {
        "id": f"{prefix}-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": model.name,
        "choices": choices,
        "usage": usage(engine, sequences),
    }
    return JSONResponse(body)


async def completions(request: Request) -> Response:
    engine, body = request.app.state.engine, await read_body(request)
    model = find_model(engine, body)
    max_tokens = number(body, "max_tokens", 16, 1, 2**31)
    logprobs = number(body, "logprobs", None, 0, MAX_LOGPROBS)
    sequences = sequences_for(body, model, completion_prompts(body, model), max_tokens, logprobs)
    await generate(engine, model, sequences, request)
    choices = [{"text": s.text, "logprobs": completion_logprobs(model, s)} for s in sequences]
    return answer("text_completion", "cmpl", engine, model, sequences, choices)


async def chat_completions(request: Request) -> Response:
    engine, body = request.app.state.engine, await read_body(request)
    model = find_model(engine, body)
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    max_tokens = number(body, name, None, 1, 2**31)
    top = number(body, "top_logprobs", 0, 0, MAX_LOGPROBS) if body.get("logprobs") else None
    sequences = sequences_for(body, model, [chat_prompt(body, model)], max_tokens, top)
    await generate(engine, model, sequences, request)
    choices = [
        {"message": {"role": "assistant", "content": s.text, "refusal": None}, "logprobs": chat_logprobs(model, s)}
        for s in sequences
    ]
    return answer("chat.completion", "chatcmpl", engine, model, sequences, choices)


def completion_logprobs(model: Model, s: Sequence) -> dict | None:
    if s.logprobs is None:
        return None
    texts = [model.tokenizer.decode([t]) for t in s.tokens]
    offsets = [0]
    for text in texts[:-1]:
        offsets.append(offsets[-1] + len(text))
    return {
        "tokens": texts,
        "token_logprobs": [chosen for chosen, _ in s.token_logprobs],
        # as vLLM does: the chosen token is listed even when it is not among the top ones
        "top_logprobs": [
            {model.tokenizer.decode([t]): p for t, p in top} | {text: chosen}
            for text, (chosen, top) in zip(texts, s.token_logprobs)
        ],
        "text_offset": offsets,
    }


def chat_logprobs(model: Model, s: Sequence) -> dict | None:
    if s.logprobs is None:
        return None

    def entry(token: int, logprob: float) -> dict:
        text = model.tokenizer.decode([token])
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

    return {
        "content": [
            entry(t, chosen) | {"top_logprobs": [entry(*alternative) for alternative in top]}
            for t, (chosen, top) in zip(s.tokens, s.token_logprobs)
        ]
    }


async def health(request: Request) -> Response:
    return Response(status_code=200)


async def models(request: Request) -> Response:
    entry = lambda m: {  # noqa: E731
        "id": m.name,
        "object": "model",
        "created": m.created,
        "owned_by": "critique-loop",
        "root": m.path,
        "parent": None,
        "max_model_len": m.max_length,
    }
    return JSONResponse({"object": "list", "data": [entry(m) for m in request.app.state.engine.models.values()]})


async def metrics(request: Request) -> Response:
    engine = request.app.state.engine
    rows = [
        ("num_requests_running", "gauge", "Sequences being generated", engine.running()),
        ("num_requests_waiting", "gauge", "Sequences waiting for a slot", engine.queued()),
        ("prompt_tokens_total", "counter", "Prompt tokens processed", engine.prompt_tokens),
        ("generation_tokens_total", "counter", "Tokens generated", engine.generation_tokens),
    ]
    return PlainTextResponse("".join(f"# HELP vllm:{n} {h}.\n# TYPE vllm:{n} {t}\nvllm:{n} {v}\n" for n, t, h, v in rows))


async def load_checkpoint(request: Request) -> Response:
    engine, body = request.app.state.engine, await read_body(request)
    name, path = string(body, "name"), string(body, "path")
    async with request.app.state.loading:
        try:
            await run_in_threadpool(engine.load, name, path)
        except BadCheckpoint as error:
            raise Refused(400, str(error), "path") from error
    log("checkpoint loaded", name=name, path=path)
    return JSONResponse({"name": name, "path": path})


async def unload_checkpoint(request: Request) -> Response:
    engine, body = request.app.state.engine, await read_body(request)
    name = string(body, "name")
    if not engine.unload(name):
        raise Refused(404, f"The model `{name}` does not exist. Loaded: {', '.join(engine.models) or 'none'}.", "name")
    log("checkpoint unloaded", name=name)
    return JSONResponse({"name": name})


async def refused(request: Request, error: Refused) -> Response:
    return JSONResponse({"error": error.error}, status_code=error.status)


async def http_error(request: Request, error: HTTPException) -> Response:
    what = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse({"error": Refused(error.status_code, what).error}, error.status_code, headers=error.headers)


async def internal_error(request: Request, error: Exception) -> Response:
    log("request failed", level="error", path=request.url.path, error=repr(error))
    return JSONResponse({"error": Refused(500, f"Internal error: {error}").error}, status_code=500)


def log(message: str, level: str = "info", **fields) -> None:
    print(json.dumps({"time": time.time(), "level": level, "message": message, **fields}), file=sys.stderr, flush=True)


def create_app(engine: Engine) -> Starlette:
    routes = [
        Route("/health", health),
        Route("/v1/models", models),
        Route("/metrics", metrics),
        Route("/v1/completions", completions, methods=["POST"]),
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/load_checkpoint", load_checkpoint, methods=["POST"]),
        Route("/v1/unload_checkpoint", unload_checkpoint, methods=["POST"]),
    ]
    handlers = {Refused: refused, HTTPException: http_error, Exception: internal_error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.engine, app.state.loading = engine, asyncio.Lock()
    return app


async def serve(app: Starlette, host: str, port: int) -> None:
    listener = socket.create_server((host, port), backlog=4096)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=75, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready = {"event": "ready", "host": host, "port": listener.getsockname()[1]}
        print(json.dumps(ready), flush=True)
    await running


def exit_on_crash(args: threading.ExceptHookArgs) -> None:
    log(f"a worker thread crashed: {args.exc_value!r}", level="error")
    os._exit(1)


def exit_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--model", action="append", default=[], metavar="NAME=PATH", help="may be given several times")
    parser.add_argument("--max-batch", type=int, default=256, help="sequences of one model generated at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads that compute")
    parser.add_argument("--cache-gib", type=float, default=2, help="most memory for keys and values, per model")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--exit-with-parent", action="store_true", help="exit at once when stdin ends")
    args = parser.parse_args()
    if args.exit_with_parent:
        threading.Thread(target=exit_with_parent, daemon=True).start()
    threading.excepthook = exit_on_crash
    # the workers let go of the interpreter at each tensor operation and must get it back soon
    sys.setswitchinterval(0.0005)
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    engine = Engine(args.device, args.threads, args.max_batch, args.cache_gib)
    for spec in args.model:
        name, _, path = spec.partition("=")
        try:
            engine.load(name, path)
        except BadCheckpoint as error:
            log(str(error), level="error", name=name)
            sys.exit(2)
    asyncio.run(serve(create_app(engine), args.host, args.port))


if __name__ == "__main__":
    main()
