"""Holds GPUs for the tests: lease-holder.py NAME JOURNAL LOCK..., told by lines on stdin; what it does goes to JOURNAL.

    acquire     waits until it has them
    release
    watch       waits until they are wanted
    serve N     has endless work: acquires them and gives way when they are wanted, N times
    give-up     waits until it sees who holds them, then waits no more
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "trainer"))
from lease import Lease

name, journal, *locks = sys.argv[1:]
lease = Lease(locks, f"test {name}")


def note(what: str) -> None:
    with open(journal, "a") as file:
        file.write(f"{name} {what}\n")


def serve(times: int) -> None:
    for _ in range(times):
        lease.acquire()
        note("has them")
        while not lease.wanted():
            pass
        note("gives way")
        lease.release()


for line in sys.stdin:
    command, *arguments = line.split()
    if command == "acquire":
        note("asks")
        lease.acquire()
        note("has them")
    elif command == "release":
        note("lets go")
        lease.release()
    elif command == "watch":
        while not lease.wanted():
            pass
        note("is wanted")
    elif command == "serve":
        serve(int(arguments[0]))
        note("is done")
    elif command == "give-up":
        given_up = not lease.acquire(lambda: note(f"sees {lease.holder()}") or True)
        note("gave up" if given_up and not lease.held else "has them")
