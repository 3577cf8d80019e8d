"""Hostile bytes may kill their reader, never the worker."""

import subprocess
import time

import pytest

from ingest.errors import ReadingKilled
from ingest.readers.sandbox import Child, Patience, Sandbox, used_time
from tests.ingest.feeds import item, rss

FEED = {"url": "https://radio.example.org/", "content_type": "", "max_entries": 10}
MANY_ATTRIBUTES = "<rss><channel><item " + " ".join(f'a{n}="x"' for n in range(60_000)) + "/></channel></rss>"


@pytest.mark.slow
def test_an_element_with_very_many_attributes_is_stopped_and_the_next_feed_is_read() -> None:
    sandbox = Sandbox(cpu_seconds=1, memory_bytes=10**9, children=1)
    started = time.monotonic()
    with pytest.raises(ReadingKilled, match="1 seconds of processor time"):
        sandbox.ask("feed", MANY_ATTRIBUTES.encode(), **FEED)
    assert time.monotonic() - started < 60
    assert len(sandbox.ask("feed", rss(item(1)).encode(), **FEED)["entries"]) == 1
    sandbox.close()


@pytest.mark.slow
def test_memory_is_limited_too() -> None:
    sandbox = Sandbox(cpu_seconds=10, memory_bytes=200 * 1024**2, children=1)
    body = rss(*(item(n) for n in range(1000))).replace("Note", "N" * 200_000)
    with pytest.raises(ReadingKilled):
        sandbox.ask("feed", body.encode(), **(FEED | {"max_entries": 1000}))
    sandbox.close()


def test_a_defect_of_ours_is_told_and_the_child_lives_on() -> None:
    sandbox = Sandbox(cpu_seconds=5, memory_bytes=10**9, children=1)
    with pytest.raises(ReadingKilled, match="our defect"):
        sandbox.ask("feed", b"x", nonsense=1)
    child = sandbox.idle.queue[0]
    assert child is None or child.process.poll() is None
    assert sandbox.ask("feed", b"x", **FEED)["format"] == ""
    sandbox.close()


def test_a_child_that_stands_still_is_killed_and_one_that_works_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as still, subprocess.Popen(["sleep", "60"]) as busy:
        ticks = iter(range(1000))
        real = used_time(still.pid)
        monkeypatch.setattr("ingest.readers.sandbox.used_time", lambda pid: next(ticks) if pid == busy.pid else real)
        patient = [Patience(still, 0.2), Patience(busy, 0.2)]
        assert still.wait(10) == -9
        assert busy.poll() is None
        patient[1].end()
        time.sleep(0.5)
        assert busy.poll() is None
        busy.kill()


def test_closing_ends_every_child() -> None:
    sandbox = Sandbox(cpu_seconds=5, memory_bytes=10**9, children=2)
    taken = [sandbox.idle.get(), sandbox.idle.get()]
    for _ in taken:
        sandbox.idle.put(Child(5, 10**9))
    children = list(sandbox.idle.queue)
    sandbox.close()
    assert [child.alive for child in children] == [False, False]
    assert list(sandbox.idle.queue) == [None, None]


def test_a_child_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SECRET", "hunter2")
    sandbox = Sandbox(cpu_seconds=5, memory_bytes=10**9, children=1)
    sandbox.ask("feed", b"x", **FEED)
    child = sandbox.idle.queue[0]
    assert child is not None
    with open(f"/proc/{child.process.pid}/environ", "rb") as environment:  # noqa: PTH123
        assert b"hunter2" not in environment.read()
    sandbox.close()
