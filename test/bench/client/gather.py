"""What people write: `openai`, asyncio.gather and a semaphore."""

import asyncio
import json
import os
import resource
import sys
import time

from openai import AsyncOpenAI

url, questions, output, in_flight = sys.argv[1:]


async def main():
    client = AsyncOpenAI(base_url=url, api_key="none", timeout=600)
    semaphore = asyncio.Semaphore(int(in_flight))
    with open(questions) as file:
        lines = [json.loads(line) for line in file]
    cpu, began = time.process_time(), time.perf_counter()

    with open(output, "a") as file:

        async def generate(seed, line):
            async with semaphore:
                answer = await client.completions.create(
                    model="actor", prompt=line["prompt"], n=1, seed=seed, temperature=0.7, top_p=1, max_tokens=1024
                )
            choice = answer.choices[0]
            response = {
                "text": choice.text,
                "finishReason": choice.finish_reason,
                "model": "actor",
                "seed": seed,
                "promptTokens": answer.usage.prompt_tokens,
                "completionTokens": answer.usage.completion_tokens,
            }
            grade = {"outcome": "ungraded", "answer": None, "rule": "nobody asked", "tier": "rules"}
            file.write(json.dumps({"question": line["question"], "sample": 0, "response": response, "grade": grade}) + "\n")

        await asyncio.gather(*(generate(seed, line) for seed, line in enumerate(lines)))
        answered = time.perf_counter()
        file.flush()
        os.fsync(file.fileno())

    wall = time.perf_counter() - began
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = {"wall": wall, "generation": answered - began, "cpu": time.process_time() - cpu}
    print(json.dumps({**{name: value * 1000 for name, value in seconds.items()}, "rss": rss / 1024}))


asyncio.run(main())
