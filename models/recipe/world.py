"""The arithmetic world as the product has it: questions, critiques and prompts come from dist/, so that nothing is written twice."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

RECIPE = Path(__file__).parents[2] / "dist/backends/datasets/arithmetic/recipe.js"


def rows(kind, *, stdin=None, **options):
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    text = None if stdin is None else "".join(json.dumps(row) + "\n" for row in stdin)
    done = subprocess.run(["node", RECIPE, kind, *arguments], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def documents(kind, seed, count, chunk=10_000):
    """`count` documents of `actor-documents` or `critic-documents`, made by several processes."""
    with ThreadPoolExecutor(8) as pool:
        parts = pool.map(lambda first: rows(kind, seed=seed, first=first, count=min(chunk, count - first)), range(0, count, chunk))
        for part in parts:
            yield from part


@cache
def templates():
    return rows("templates")[0]


def solve(question):
    return fill("solve", question["question"])


def critique(question, response):
    return fill("critique", question["question"], response)


def refine(question, response, critique):
    return fill("refine", question["question"], response, critique)


def fill(name, *texts):
    first, *others = templates()["prompts"][name]
    return first + "".join(text.strip() + other for text, other in zip(texts, others, strict=True))


def is_right(question, response):
    answers = re.findall(r"The answer is (-?\d+)", response)
    return bool(answers) and answers[-1] == question["reference"]


def verdict(critique):
    """Whether the critique calls the answer right; None where it says neither."""
    labels = re.findall(r"Correctness of the final answer: (Correct|Wrong)", critique)
    return labels[-1] == "Correct" if labels else None
