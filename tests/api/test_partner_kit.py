"""The receivers printed in docs/partners.md run as they stand, take what we sign, and refuse what we did not."""

import datetime as dt
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api import signing
from api.cli import main
from tests.api.receiver import receiving

PAGE = Path(__file__).parents[2].joinpath("docs", "partners.md").read_text(encoding="utf-8")
KIT = dict(re.findall(r"```(python|javascript) receiver\n(.*?)```", PAGE, re.DOTALL))
SECRET = signing.new_secret()

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.fixture(params=["python", "javascript"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, Callable[[], str]]]:
    """Run one of the page's receivers; give its port and a function that stops it and returns what it printed."""
    program = sys.executable if request.param == "python" else shutil.which("node")
    if program is None:
        pytest.skip("node is not installed here")
    script = tmp_path / {"python": "receiver.py", "javascript": "receiver.js"}[request.param]
    script.write_text(KIT[request.param])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [program, str(script)],
        env={"SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def stop() -> str:
        running.terminate()
        return running.communicate(timeout=10)[0]

    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    try:
        yield port, stop
    finally:
        if running.returncode is None:
            stop()


def post(port: int, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_receivers_are_short() -> None:
    assert sorted(KIT) == ["javascript", "python"]
    assert all(len(code.splitlines()) <= 24 for code in KIT.values())


def test_a_receiver_of_the_page_takes_ours_once_and_refuses_the_rest(
    receiver: tuple[int, Callable[[], str]],
) -> None:
    port, stop = receiver
    now = dt.datetime.now(dt.UTC)
    body = '{"type": "alert.opened", "data": {"title": "Ä"}}'
    rotating = (signing.new_secret("ed25519"), signing.new_secret(), SECRET)
    good = signing.signed_headers("msg_1", now, body, rotating)
    assert [post(port, body.encode(), good) for _ in range(2)] == [204, 204]
    assert post(port, body.encode() + b" ", good) == 401
    old = signing.signed_headers("msg_2", now - dt.timedelta(minutes=6), body, (SECRET,))
    early = signing.signed_headers("msg_3", now + dt.timedelta(minutes=6), body, (SECRET,))
    other = signing.signed_headers("msg_4", now, body, (signing.new_secret(),))
    assert [post(port, body.encode(), headers) for headers in (old, early, other)] == [401, 401, 401]
    assert stop().split() == ["alert.opened"]


def test_the_sandbox_sender_says_what_came_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "127.0.0.1/32")
    monkeypatch.chdir(tmp_path)
    with receiving() as partner:
        command = ["webhooks", "test", "--url", partner.url, "--secret", SECRET, "--event", "alert.opened"]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert f"webhook-id {partner.ids[0]}" in done.output
        partner.status = 500
        failed = CliRunner().invoke(main, command)
        assert (failed.exit_code, "answered 500" in failed.output) == (1, True)
    assert CliRunner().invoke(main, ["webhooks", "test"]).exit_code == 2
    wrong = CliRunner().invoke(main, ["webhooks", "test", "--url", "http://127.0.0.1:9/", "--secret", "whsk_%"])
    assert (wrong.exit_code, "cannot be read" in wrong.output) == (1, True)
