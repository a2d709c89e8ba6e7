"""Starts and ends the servers of one worker, so that none outlives it, however it ends.

    python supervise.py FOLDER [LOCK...]

reads commands from stdin and writes events to stdout, one JSON object a line:

    {"start": ID, "argv": [...], "env": {...}, "log": PATH}     {"event": "started", "process": ID, "pid": N}
                                                                {"event": "failed", "process": ID, "message": "..."}
    {"end": ID}                                                 {"event": "ended", "process": ID, "how": "signal 9"}
    {"lease": "acquire"}                                        {"event": "awaited", "holder": "..."}
                                                                {"event": "acquired"}
                                                                {"event": "wanted"}
    {"lease": "release"}                                        {"event": "released"}

`ended` comes when nothing of the server is left: neither its group nor anything else that it started. When stdin ends, all servers do.
Each server has a guard, a process of its own that ends the server when the supervisor is killed. FOLDER holds a file for each guard, by
which the next supervisor ends what a killed guard may have left.

The LOCKs are those of the GPUs (lease.py). While they are held, `wanted` says once that another waits for them. However the supervisor
ends, they are free only when its servers are gone. Only the standard library; Linux.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time

from lease import Lease

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
#: From SIGTERM to SIGKILL, of a server and then of what it leaves: some of that cleans up.
GRACE_S = 5
GRACE_OF_REST_S = 1
#: Between looks whether another wants the GPUs.
LOOK_S = 0.2
#: Between looks whether the engine's processes are there, and how those of vLLM call themselves. A server that has lost one answers nobody,
#: but may take a minute to notice.
ENGINE_LOOK_S = 1
ENGINE = b"VLLM::EngineCore"
#: What a guard is told. The end of its stdin without that is the end of the supervisor.
END = b"."
#: Of a terminal or a service manager: when to end is for the worker to say.
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

libc = ctypes.CDLL(None, use_errno=True)


class Supervisor:
    def __init__(self, folder: str, locks: list[str]) -> None:
        self.folder = folder
        self.lease = Lease(locks, "vLLM")
        self.leasing: queue.Queue[str] = queue.Queue()
        self.is_ending = threading.Event()
        self.guards: dict[str, subprocess.Popen] = {}
        self.following: list[threading.Thread] = []
        self.writing = threading.Lock()

    def run(self) -> None:
        leasing = threading.Thread(target=self.keep_lease)
        leasing.start()
        for line in sys.stdin.buffer:
            command = json.loads(line)
            if "start" in command:
                self.start(command)
            elif "lease" in command:
                self.leasing.put(command["lease"])
            elif command["end"] in self.guards:
                self.end(self.guards[command["end"]])
        self.is_ending.set()
        self.leasing.put("keep")
        for guard in self.guards.values():
            self.end(guard)
        for thread in [leasing, *self.following]:
            thread.join()

    def keep_lease(self) -> None:
        is_told = False
        while not self.is_ending.is_set():
            try:
                wish = self.leasing.get(timeout=LOOK_S if self.lease.held else None)
            except queue.Empty:
                if not is_told and self.lease.wanted():
                    self.say({"event": "wanted"})
                    is_told = True
                continue
            if wish == "acquire":
                is_told = False
                if self.lease.acquire(self.tell_holder()):
                    self.say({"event": "acquired"})
            elif wish == "release":
                self.lease.release()
                self.say({"event": "released"})

    def tell_holder(self):
        told = None

        def look() -> bool:
            nonlocal told
            holder = self.lease.holder()
            if holder != told:
                self.say({"event": "awaited", "holder": holder})
                told = holder
            return self.is_ending.is_set()

        return look

    def start(self, command: dict) -> None:
        spec = json.dumps({"argv": command["argv"], "log": command["log"], "folder": self.folder})
        # When the supervisor is killed the guard holds the GPUs until its server is gone.
        self.lease.inherit()
        guard = subprocess.Popen(
            [sys.executable, __file__, "--guard", spec],
            env={**os.environ, **command["env"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            close_fds=False,
        )
        self.guards[command["start"]] = guard
        thread = threading.Thread(target=self.follow, args=(command["start"], guard))
        self.following.append(thread)
        thread.start()

    def end(self, guard: subprocess.Popen) -> None:
        with contextlib.suppress(OSError, ValueError):  # It has ended, or was told before.
            guard.stdin.write(END)
            guard.stdin.close()

    def follow(self, name: str, guard: subprocess.Popen) -> None:
        pid = None
        for line in guard.stdout:
            event = json.loads(line)
            pid = event.get("pid", pid)
            if event["event"] == "ended":
                break
            self.say({**event, "process": name})
        else:
            # Killed, or it could not start anything.
            event = {"event": "ended", "how": "its guard was killed"}
            if pid is not None:
                signal_group(pid, signal.SIGKILL)
        guard.wait()
        self.say({**event, "process": name})

    def say(self, event: dict) -> None:
        with self.writing:
            try:
                print(json.dumps(event), flush=True)
            except BrokenPipeError:
                pass  # The worker is gone: the end of stdin says so.


def guard(spec: dict) -> None:
    """Runs one server until it ends, or until the supervisor says so, or is gone: then at once, for others may have the GPUs."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with open(spec["log"], "ab") as log:
        try:
            server = subprocess.Popen(
                spec["argv"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=begin_server
            )
        except OSError as error:
            tell({"event": "failed", "message": f"{error.strerror}: {spec['argv'][0]}"})
            return tell({"event": "ended", "how": "it was not started"})
    record = Record.write(spec["folder"], server.pid)
    tell({"event": "started", "pid": server.pid})
    how, told, engines = None, None, Engines(server.pid)
    while how is None and (told is None or time.monotonic() < told + GRACE_S) and not engines.are_lost():
        readable, _, _ = select.select([0] if told is None else [], [], [], 0.1)
        if readable:
            if os.read(0, 1) != END:
                break
            told = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
        how = reap(server.pid)
    signal_group(server.pid, signal.SIGTERM)
    left = time.monotonic()
    while rest := descendants(os.getpid()):
        if how is None or time.monotonic() > left + GRACE_OF_REST_S:
            for pid in rest:
                kill(pid)
        how = reap(server.pid) or how
        time.sleep(0.02)
    record.remove()
    tell({"event": "ended", "how": how or ("its engine core ended" if told is None and engines.lost else "signal 9")})


class Engines:
    """The processes of a server that compute, as they were seen."""

    def __init__(self, server: int) -> None:
        self.server, self.seen, self.looked, self.lost = server, set(), time.monotonic(), None

    def are_lost(self) -> bool:
        """Whether one has been gone for so long that the server should have ended, too."""
        now = time.monotonic()
        if self.lost is None and now >= self.looked + ENGINE_LOOK_S:
            there = {pid for pid in descendants(self.server) if command_of(pid).startswith(ENGINE)}
            if self.seen - there:
                self.lost = now
            self.seen |= there
            self.looked = now
        return self.lost is not None and now >= self.lost + GRACE_S


def begin_server() -> None:
    for sort in IGNORED:
        signal.signal(sort, signal.SIG_DFL)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def tell(event: dict) -> None:
    try:
        print(json.dumps(event), flush=True)
    except BrokenPipeError:
        pass


def reap(server: int) -> str | None:
    """Takes leave of all children that have ended; how the server did, where it is among them."""
    how = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return how
        if pid == 0:
            return how
        if pid == server:
            how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def signal_group(group: int, sort: signal.Signals) -> None:
    try:
        os.killpg(group, sort)
    except ProcessLookupError:
        pass


def stat_of(pid: int) -> list[str] | None:
    """State, parent, group and so on (proc_pid_stat(5), from the third field)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def command_of(pid: int) -> bytes:
    """Of one that has ended, too, it is empty."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def processes() -> dict[int, list[str]]:
    found = {int(name): stat_of(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    return {pid: stat for pid, stat in found.items() if stat is not None}


def descendants(pid: int) -> list[int]:
    parents = {child: int(stat[1]) for child, stat in processes().items()}
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found[1:]


class Record:
    """A file that says which group a guard runs. The guard holds its lock: who gets that lock knows that the guard is gone."""

    def __init__(self, path: str, file) -> None:
        self.path, self.file = path, file

    @staticmethod
    def write(folder: str, group: int) -> "Record":
        path = os.path.join(folder, f"{group}.group")
        file = open(path, "a+")
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(json.dumps({"group": group, "boot": boot(), "started": int(stat_of(group)[19])}))
        file.flush()
        return Record(path, file)

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.file.close()


def boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def end_leftovers(folder: str) -> None:
    for name in os.listdir(folder):
        if name.endswith(".group"):
            with open(os.path.join(folder, name), "a+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                file.seek(0)
                end_leftover(file.read())
                os.unlink(file.name)


def end_leftover(text: str) -> None:
    try:
        record = json.loads(text)
    except ValueError:
        return  # Its guard was killed while it wrote.
    group, started = record["group"], record["started"]
    # A number goes to another process once nothing of the group is left.
    members = [stat for stat in processes().values() if int(stat[2]) == group and stat[0] != "Z"]
    is_reused = any(int(stat[19]) < started for stat in members) or (stat_of(group) or ["Z"] * 20)[19] not in ("Z", str(started))
    if record["boot"] == boot() and members and not is_reused:
        signal_group(group, signal.SIGKILL)


def main() -> None:
    for sort in IGNORED:
        signal.signal(sort, signal.SIG_IGN)
    if sys.argv[1] == "--guard":
        return guard(json.loads(sys.argv[2]))
    os.makedirs(sys.argv[1], exist_ok=True)
    end_leftovers(sys.argv[1])
    Supervisor(sys.argv[1], sys.argv[2:]).run()


if __name__ == "__main__":
    main()
