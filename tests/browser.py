"""A real browser for tests: Chromium without a screen, driven by its own protocol over a pipe; no driver, no port.

`Tab.go` loads a page and waits for it; `Tab.run` evaluates a script in it; `Tab.events` holds what the browser told
meanwhile, a dialog that a page opened among it. Chromium needs the system's package `chromium`.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WAIT = 30.0  # seconds; a busy machine starts a browser slowly


class BrowserFailed(Exception):
    """The browser did not do what was asked; the message is its own."""


class Tab:
    """One page of one browser."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests, self.answers = requests, answers
        self.buffer = b""
        self.number = 0
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; raises BrowserFailed on an error or after `WAIT`."""
        self.number += 1
        number = self.number  # a dialog that is answered meanwhile takes the next one
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.requests, json.dumps(message).encode() + b"\0")
        while True:
            got = self._receive()
            if got.get("id") == number:
                if "error" in got:
                    raise BrowserFailed(f"{method}: {got['error']['message']}")
                return dict(got["result"])
            self._note(got)

    def go(self, url: str) -> None:
        """Load a page and wait until it has loaded."""
        self.ask("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, event: str) -> None:
        """Wait for the next event of this name."""
        while True:
            got = self._receive()
            self._note(got)
            if got.get("method") == event:
                return

    def run(self, script: str) -> Any:
        """Return the value of an expression, awaited, in the page."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise BrowserFailed(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def press(self, key: str) -> None:
        """Press one key, as a person does."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Tab": 9, "Escape": 27}.get(key, 0)
        named = {"key": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **named)

    def size(self, width: int, height: int = 900) -> None:
        """Make the window this wide; under 500 pixels it is a phone's."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def picture(self, path: Path) -> None:
        """Write the whole page as a PNG."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return what the browser told under one name since it started."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _note(self, got: dict[str, Any]) -> None:
        self.events.append(got)
        if got.get("method") == "Page.javascriptDialogOpening":
            # A dialog stops the page until somebody answers; the answer's own reply is one more event.
            self.number += 1
            message = {"id": self.number, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            os.write(self.requests, json.dumps(message | {"sessionId": self.session}).encode() + b"\0")

    def _receive(self) -> dict[str, Any]:
        until = time.monotonic() + WAIT
        while b"\0" not in self.buffer:
            if time.monotonic() > until:
                raise BrowserFailed(f"the browser said nothing for {WAIT:.0f} seconds")
            try:
                self.buffer += os.read(self.answers, 1 << 16)
            except BlockingIOError:
                time.sleep(0.005)
        message, _, self.buffer = self.buffer.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def opened() -> Iterator[Tab]:
    """Start a browser with a fresh profile, give its tab, and end it."""
    if CHROMIUM is None:
        raise BrowserFailed("Chromium is not installed; install Debian's package chromium")
    profile = tempfile.mkdtemp(prefix="tocsin-chromium-")
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    os.set_blocking(back_read, False)
    # The browser reads its descriptor 3 and writes 4; the shell puts the pipes there.
    switches = (
        "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars "
        "--disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe"
    )
    command = f"exec {CHROMIUM} {switches} --user-data-dir={profile} 3<&{to_read} 4>&{back_write}"
    process = subprocess.Popen(
        ["/bin/bash", "-c", command],
        pass_fds=(to_read, back_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(back_write)
    try:
        yield Tab(to_write, back_read)
    finally:
        process.terminate()
        process.wait(10)
        os.close(to_write)
        os.close(back_read)
        shutil.rmtree(profile, ignore_errors=True)
