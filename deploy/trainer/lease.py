"""Leases GPUs to one process at a time, across processes and users, by one lock file for each GPU. The kernel frees a lock however
its holder ends.

    python lease.py run LOCK... -- COMMAND...

waits for every LOCK, then becomes COMMAND, which holds them until it ends. While it waits its stderr says for whom.

Beside N.lock there is N.wanted. Who wants a GPU takes N.wanted, then N.lock, and then lets N.wanted go; so who holds N.lock sees
whether it is wanted, and who gives it up can't be the next to have it.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.05
#: A process that ends may let go of its lock before it lets go of the GPU's memory.
LONGEST_END_SECONDS = 30


class Lease:
    """`locks` are the paths of the GPUs' lock files; without any, everything is free. `what` tells others what holds them."""

    def __init__(self, locks: list[str], what: str) -> None:
        self.held = False
        self._locks = sorted(set(locks))  # all in the same order, so that no two wait for each other
        self._what = what
        self._descriptors: list[int] = []
        self._awaited: str | None = None

    def acquire(self, give_up: Callable[[], bool] | None = None) -> bool:
        """Waits for all of them. False where `give_up`, asked at every look while something is held by another, says so."""
        if self.held:
            return True
        try:
            for lock in self._locks:
                if not self._take(lock, give_up):
                    return False
            self.held = True
            return True
        finally:
            self._awaited = None
            if not self.held:
                self._let_go()

    def release(self) -> None:
        self.held = False
        self._let_go()

    def wanted(self) -> bool:
        """Whether another waits for any of what this one holds."""
        return self.held and any(_is_locked(_wanted(lock)) for lock in self._locks)

    def holder(self) -> str | None:
        """Who has what is waited for; None while nothing is."""
        if self._awaited is None:
            return None
        try:
            holder = json.loads(Path(self._awaited).read_text())
            return f"process {holder['pid']} ({holder['what']})"
        except (OSError, ValueError):  # it has begun or ended just now
            return "another process"

    def inherit(self) -> None:
        """What this process becomes by exec holds what it holds."""
        for descriptor in self._descriptors:
            os.set_inheritable(descriptor, True)

    def _take(self, lock: str, give_up: Callable[[], bool] | None) -> bool:
        self._awaited = lock
        wanted = _wait_for(_wanted(lock), give_up)
        if wanted is None:
            return False
        try:
            descriptor = _wait_for(lock, give_up)
        finally:
            _unlock(wanted)
        if descriptor is None:
            return False
        self._descriptors.append(descriptor)
        _outlast(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "what": self._what}).encode(), 0)
        return True

    def _let_go(self) -> None:
        for descriptor in self._descriptors:
            os.ftruncate(descriptor, 0)
            _unlock(descriptor)
        self._descriptors = []


def _wanted(lock: str) -> str:
    return str(Path(lock).with_suffix(".wanted"))


def _wait_for(path: str, give_up: Callable[[], bool] | None) -> int | None:
    while (descriptor := _try_lock(path)) is None:
        if give_up and give_up():
            return None
        time.sleep(POLL_SECONDS)
    return descriptor


def _outlast(descriptor: int) -> None:
    """Waits until a holder that did not release is gone."""
    try:
        pid = json.loads(os.pread(descriptor, 1000, 0))["pid"]
    except (ValueError, KeyError):
        return
    until = time.monotonic() + LONGEST_END_SECONDS
    while _is_alive(pid) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _try_lock(path: str) -> int | None:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None


def _is_locked(path: str) -> bool:
    descriptor = _try_lock(path)
    if descriptor is None:
        return True
    _unlock(descriptor)
    return False


def _unlock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child may have the descriptor too
    os.close(descriptor)


def _open(path: str) -> int:
    """Files and folder are for all users of the machine."""
    folder = Path(path).parent
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o1777)
    # Linux does not let others open a file in such a folder by what would create it.
    for flags in (0, os.O_CREAT | os.O_EXCL, 0):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | flags, 0o666)
        except (FileNotFoundError, FileExistsError):
            continue
        if flags:
            os.fchmod(descriptor, 0o666)  # whatever the umask
        return descriptor
    raise FileNotFoundError(f"{path} comes and goes")


def run(locks: list[str], command: list[str]) -> None:
    lease = Lease(locks, " ".join(command)[:100])
    told = None

    def tell() -> bool:
        nonlocal told
        holder = lease.holder()
        if holder != told:
            print(f"waiting for the GPU: {holder} holds it", file=sys.stderr, flush=True)
            told = holder
        return False

    lease.acquire(tell)
    lease.inherit()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} can't be started: {error.strerror}")


if __name__ == "__main__":
    _, *arguments = sys.argv
    split = arguments.index("--") if "--" in arguments else len(arguments)
    if arguments[:1] != ["run"] or not arguments[split + 1 :]:
        sys.exit("usage: python lease.py run LOCK... -- COMMAND...")
    run(arguments[1:split], arguments[split + 1 :])
