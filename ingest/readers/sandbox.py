"""Read hostile bytes in a process that may die: it has a limit of processor time and memory, and no secrets.

A hostile answer can make a parser run for minutes or eat all memory. The children here are killed instead, and the
worker only notes it. What they are asked to do stands in `child.py`.
"""

import atexit
import json
import queue
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from ingest.errors import ReadingKilled

CHILDREN = 2
REQUESTS_PER_CHILD = 500
WALL_FACTOR = 4
MOST_LOOKS = 10


class Patience:
    """Kills a process that stands still: between two looks it must have used processor time.

    On a machine with no time left a healthy answer takes long too, and is not to blame; the processor time itself is
    limited by the system.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.process, self.seconds = process, seconds
        self.looks, self.used, self.over = 0, used_time(process.pid), False
        self._arm()

    def _arm(self) -> None:
        self.clock = threading.Timer(self.seconds, self._look)
        self.clock.daemon = True
        self.clock.start()

    def _look(self) -> None:
        used, self.looks = used_time(self.process.pid), self.looks + 1
        if self.over:
            return
        if used is None or used == self.used or self.looks >= MOST_LOOKS:
            self.process.kill()
        else:
            self.used = used
            self._arm()

    def end(self) -> None:
        """Look no more."""
        self.over = True
        self.clock.cancel()


def used_time(pid: int) -> int | None:
    """Return the processor time a process has used, in ticks, or None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return None


class Child:
    """One reading process."""

    def __init__(self, cpu_seconds: int, memory_bytes: int) -> None:
        command = [sys.executable, "-c", "from ingest.readers.child import main; main()"]
        self.cpu_seconds, self.memory_bytes, self.asked = cpu_seconds, memory_bytes, 0
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [*command, str(cpu_seconds), str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of our environment: it may hold the operator's secrets.
            env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        )
        self.requests = cast("IO[bytes]", self.process.stdin)
        self.answers = cast("IO[bytes]", self.process.stdout)

    def ask(self, request: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Return the child's answer; raises `ReadingKilled` when it died or took too long."""
        self.asked += 1
        patience = Patience(self.process, self.cpu_seconds * WALL_FACTOR)
        try:
            head = json.dumps(request).encode()
            self.requests.write(struct.pack("!II", len(head), len(body)) + head + body)
            self.requests.flush()
            size = self.answers.read(4)
            answer = self.answers.read(struct.unpack("!I", size)[0]) if len(size) == 4 else b""
        except (BrokenPipeError, ValueError):
            answer = b""
        finally:
            patience.end()
        if not answer:
            self.close()
            raise ReadingKilled(
                f"reading it took more than {self.cpu_seconds} seconds of processor time "
                f"or {self.memory_bytes // 1024**2} MiB of memory and was stopped"
            )
        result: dict[str, Any] = json.loads(answer)
        if "defect" in result:
            raise ReadingKilled(f"reading it failed in a way that is our defect ({result['defect']})")
        return result

    @property
    def alive(self) -> bool:
        """Whether it can be asked again."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.requests.close()
        self.answers.close()
        self.process.wait()


class Sandbox:
    """A few children, started when first needed and replaced when they die or have worked long."""

    def __init__(self, cpu_seconds: int, memory_bytes: int, children: int = CHILDREN) -> None:
        self.cpu_seconds, self.memory_bytes = cpu_seconds, memory_bytes
        self.idle: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(children):
            self.idle.put(None)

    def ask(self, op: str, body: bytes, **arguments: Any) -> dict[str, Any]:
        """Have a child do `op` on `body`; waits while all are busy. Raises `ReadingKilled`."""
        child = self.idle.get()
        try:
            if child is None:
                child = Child(self.cpu_seconds, self.memory_bytes)
            return child.ask({"op": op, **arguments}, body)
        finally:
            if child is not None and child.asked >= REQUESTS_PER_CHILD:
                child.close()
            self.idle.put(child if child is not None and child.alive else None)

    def close(self) -> None:
        """End all idle children."""
        # All are taken before one is put back: the last one in is the first one out.
        children = [self.idle.get() for _ in range(self.idle.qsize())]
        for child in children:
            if child is not None:
                child.close()
            self.idle.put(None)


_shared: dict[tuple[int, int], Sandbox] = {}
_lock = threading.Lock()


def shared(cpu_seconds: int, memory_bytes: int) -> Sandbox:
    """Return the sandbox of this process for these limits: children are slow to start and serve every thread."""
    with _lock:
        if not _shared:
            atexit.register(close_shared)
        return _shared.setdefault((cpu_seconds, memory_bytes), Sandbox(cpu_seconds, memory_bytes))


def close_shared() -> None:
    """End the children that nobody uses any more; they start again when needed."""
    for sandbox in _shared.values():
        sandbox.close()
