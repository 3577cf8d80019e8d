"""What happens around every request: an id, a limit on its body, safe headers, a line in the log, and no bare crash.

A crash is logged with its id, its type and where it happened, without the message, which may hold a text. It knows no
route.
"""

import logging
import re
import secrets
import time
import traceback

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observe import Metrics
from api.problems import problem

ACCESS = logging.getLogger("api.access")
CRASHES = logging.getLogger("api.crash")
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-resource-policy": b"same-origin",
}
API_HEADERS = {b"cache-control": b"no-store", b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'"}
HSTS = {b"strict-transport-security": b"max-age=31536000"}
USABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Around:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, max_bytes: int, *, secure: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.max_bytes = max_bytes
        self.headers = SAFE_HEADERS | (HSTS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Turn(self, scope, receive, send).run()


class _Turn:
    """One request on its way through."""

    def __init__(self, around: Around, scope: Scope, receive: Receive, send: Send) -> None:
        self.around, self.scope, self.receive, self.send = around, scope, receive, send
        self.id = _request_id(scope)
        self.status = 0
        self.bytes_read = 0
        self.started = time.monotonic()
        scope.setdefault("state", {})["request_id"] = self.id

    async def run(self) -> None:
        try:
            if self._announced_bytes() > self.around.max_bytes:
                await self._answer(problem(413, self._too_large()))
            else:
                await self.around.app(self.scope, self._limited, self._sent)
        except Exception as error:  # noqa: BLE001  the loop's top: whatever it is, this request gets an answer
            self._log_crash(error)
            if not self.status:
                sentence = f"something went wrong here; the operator finds it in the log under {self.id}"
                await self._answer(problem(500, sentence))
        finally:
            self._log()

    async def _answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self._sent)

    async def _limited(self) -> Message:
        message = await self.receive()
        self.bytes_read += len(message.get("body", b""))
        if self.bytes_read > self.around.max_bytes:
            raise HTTPException(413, self._too_large())
        return message

    async def _sent(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message.get("headers", []))
            wanted = dict(self.around.headers)
            # Pages of the console bring a policy of their own; whatever does not is data.
            if b"content-security-policy" not in headers:
                wanted |= API_HEADERS
            wanted[b"x-request-id"] = self.id.encode("ascii")
            extra = [(name, value) for name, value in wanted.items() if name not in headers]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await self.send(message)

    def _announced_bytes(self) -> int:
        announced = dict(self.scope["headers"]).get(b"content-length", b"0")
        return int(announced) if announced.isdigit() and len(announced) < 16 else 0

    def _too_large(self) -> str:
        return f"the body is over {self.around.max_bytes} bytes (the setting max_request_bytes); send it in parts"

    def _log_crash(self, error: Exception) -> None:
        frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[-12:])
        CRASHES.error("request %s failed with %s\n%s", self.id, type(error).__name__, "".join(frames))

    def _log(self) -> None:
        # The route's template, not the path: paths and queries may carry keys and search words.
        template = getattr(self.scope.get("route"), "path", None) or "(none)"
        seconds = time.monotonic() - self.started
        method = self.scope["method"] if self.scope["method"].isalpha() else "(other)"
        self.around.metrics.request(method, template, self.status, seconds)
        ACCESS.info("%s %s %s %.0f ms %s", method, template, self.status, seconds * 1000, self.id)


def _request_id(scope: Scope) -> str:
    sent = Request(scope).headers.get("x-request-id", "")
    return sent if USABLE_ID.fullmatch(sent) else secrets.token_hex(8)
