"""vLLM as people use it in a script: python in_process.py JOB.json

JOB.json: {model, args, prompts, samples, temperature, maxTokens, stop}. Says {"ready": seconds} on standard output, waits for a line, asks
greedily for one answer to each prompt and for the samples of a few, then for the samples of all with a seed of its own for each prompt,
and says what it measured. vLLM's own output goes to standard error.
"""

import json
import os
import sys
import time

began = time.time()

#: Prompts whose samples are drawn before anything is measured, as the service does it.
WARM_UP = 400


def main():
    # vLLM and its children log to standard output.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from vllm import LLM, EngineArgs, SamplingParams
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    def say(found):
        told.write(json.dumps(found) + "\n")
        told.flush()

    with open(sys.argv[1]) as file:
        job = json.load(file)
    # The server has arguments that are not the engine's.
    known, _ = EngineArgs.add_cli_args(FlexibleArgumentParser()).parse_known_args(["--model", job["model"], *job["args"]])
    llm = LLM(**{**vars(EngineArgs.from_cli_args(known)), "disable_log_stats": True})

    def ask(prompts, n, temperature):
        # The service gives each request a seed of its own where something is drawn.
        seeds = range(len(prompts)) if temperature > 0 else [None] * len(prompts)
        shared = {"n": n, "temperature": temperature, "max_tokens": job["maxTokens"], "stop": job["stop"]}
        cpu, start = time.process_time(), time.perf_counter()
        answers = llm.generate(prompts, [SamplingParams(**shared, seed=seed) for seed in seeds], use_tqdm=False)
        seconds = time.perf_counter() - start
        tokens = sum(len(output.token_ids) for answer in answers for output in answer.outputs)
        return {"completionTokens": tokens, "seconds": seconds, "cpu": (time.process_time() - cpu) / seconds}

    say({"ready": time.time() - began})
    sys.stdin.readline()
    ask(job["prompts"], 1, 0.0)
    # What draws is compiled when it is first needed.
    ask(job["prompts"][:WARM_UP], job["samples"], job["temperature"])
    say(ask(job["prompts"], job["samples"], job["temperature"]))


if __name__ == "__main__":
    main()
