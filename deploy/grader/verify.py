"""Math-Verify as a process: one JSON object a line in, one out, in order.

    {"answer": "\\\\frac12", "reference": "0.5"}    {"equal": true, "ms": 4.1}
    {"response": "... so it is 5.", "reference": "5"}

`answer` is a final answer, which Math-Verify reads as LaTeX; `response` a whole text, from which it extracts by its own
rules. {"failed": "timeout"}: it stopped itself, after 5 s in one of its three steps. Its first line is {"ready": VERSION}.
It ends when its standard input does. What it can't interrupt itself, the system does: no task gets more than 20 s of
processor time or 2 GB of memory.
"""

import json
import logging
import os
import re
import resource
import sys
import time
from importlib.metadata import version

from math_verify import parse, verify

PROCESSOR_S = 20
MEMORY_BYTES = 2 * 1024**3


class Timeouts(logging.Handler):
    """Math-Verify logs that it ran out of time, and then says "not equal"."""

    seen = False

    def emit(self, record: logging.LogRecord) -> None:
        if "Timeout" in record.getMessage():
            self.seen = True


timeouts = Timeouts(logging.WARNING)


def as_latex(text: str) -> str:
    return text if re.search(r"(?<!\\)\$", text) else f"${text}$"


def check(task: dict) -> dict:
    timeouts.seen = False
    found = task["response"] if "response" in task else as_latex(task["answer"])
    equal = verify(parse(as_latex(task["reference"])), parse(found))
    return {"failed": "timeout"} if timeouts.seen and not equal else {"equal": equal}


def limit(kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def limit_next_task() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + PROCESSOR_S)


def main() -> None:
    logging.getLogger("math_verify").addHandler(timeouts)
    logging.getLogger("math_verify").propagate = False
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, MEMORY_BYTES)
    sys.stdin.reconfigure(encoding="utf-8")
    # Only answers go to standard output, whatever a library prints.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    verify(parse("$1/2$"), parse("$0.5$"))
    answers.write(json.dumps({"ready": version("math-verify")}) + "\n")
    for line in sys.stdin:
        limit_next_task()
        started = time.perf_counter()
        try:
            answer = check(json.loads(line))
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"[:200]}
        answer["ms"] = 1000 * (time.perf_counter() - started)
        answers.write(json.dumps(answer) + "\n")


main()
