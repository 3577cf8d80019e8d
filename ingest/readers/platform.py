"""Ask a platform on behalf of one source: politely, with its credential, and with every bad answer told apart.

The answer is kept, then read in the sandbox. What a platform's answers look like stands in the file of the platform.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ingest import dates
from ingest.entry import Entry
from ingest.errors import AccessDenied, BadAnswer, CredentialMissing, NoFeed, Throttled, Truncated
from ingest.guard import is_address, is_allowed
from ingest.http import Answer, Network
from ingest.readers import Batch, Gone, Keep, Place, sandbox
from ingest.readers.feed import DENIED
from ingest.readers.sweep import Page
from ingest.settings import IngestSettings

LIMITED = frozenset({420, 429})
# Most moments further from now than this are a date, not a number of seconds to wait.
LONGEST_WAIT = 10_000_000


@dataclass
class Asker:
    """Asks one platform for one source, one page after the other, within the deadline of one poll."""

    place: Place
    network: Network
    keep: Keep
    settings: IngestSettings
    now: dt.datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    refuse: Callable[[Answer, dt.datetime], None] = lambda answer, now: None  # noqa: ARG005
    asked: int = 0

    def __post_init__(self) -> None:
        """Begin the deadline; all pages of a poll share it."""
        self.url = httpx.URL(self.place.url)
        self.ends_at = time.monotonic() + self.settings.fetch_deadline_seconds

    def secret(self) -> str | None:
        """Return the secret the source names, None where it names none; raises `CredentialMissing`."""
        if not self.place.credential:
            return None
        secret = self.settings.credential(self.place.credential)
        if secret is None:
            raise CredentialMissing(
                f"the source needs the credential {self.place.credential!r}, which is not set; "
                f"add {self.place.credential}=SECRET to TOCSIN_CREDENTIALS"
            )
        return secret

    def fetch(self, url: httpx.URL) -> Answer:
        """Return any answer, of errors too; waits a little before every page but the first."""
        if self.asked and not self._own():
            time.sleep(self.settings.host_spacing_seconds)
        self.asked += 1
        left = max(self.ends_at - time.monotonic(), 0.01)
        return self.network.get(str(url), {"accept": "application/json, */*;q=0.5", **self.headers}, deadline=left)

    def read(self, url: httpx.URL, what: str, **arguments: Any) -> tuple[Answer, dict[str, Any], str]:
        """Fetch `url`, keep the answer and read it as `what`; return answer, what was read, and the hash.

        Raises what stands in `check`, and `NoFeed` or `Truncated` when there is no JSON or half of it.
        """
        answer = self.fetch(url)
        self.check(answer)
        sha256 = self.keep(answer.body, answer.headers.get("content-type"))
        box = sandbox.shared(self.settings.parse_cpu_seconds, self.settings.parse_memory_bytes)
        found = box.ask("social", answer.body, what=what, **arguments)
        if found.get("problem") == "cut":
            raise Truncated("the answer ends in the middle; it is asked for again")
        if found.get("problem"):
            raise NoFeed(f"the address answers, but not as expected: {described(answer)}; {found['problem']}")
        return answer, found, sha256

    def check(self, answer: Answer) -> None:
        """Raise for every status that is no success, with a sentence an operator understands."""
        status = answer.status
        if status == 200:
            return
        self.refuse(answer, self.now)
        if status in LIMITED:
            raise Throttled(
                f"the platform asks us to come less often (HTTP {status})", status, wait_of(answer, self.now)
            )
        if status in DENIED:
            hint = "the credential may be wrong or expired" if self.place.credential else "it may need a credential"
            raise AccessDenied(f"the platform refuses us (HTTP {status}); {hint}", status)
        sentence = {
            404: "there is nothing at this address (HTTP 404): renamed, deleted or never there",
            410: "the platform says this is gone for good (HTTP 410)",
        }.get(status, f"the platform answered with HTTP {status}")
        raise BadAnswer(sentence, status, answer.headers.get("retry-after"))

    def page(self, url: httpx.URL, what: str, **arguments: Any) -> Page:
        """Fetch one page of a timeline."""
        answer, found, sha256 = self.read(url, what, **arguments)
        posts = list({post["id"]: post for post in reversed(found["posts"])}.values())[::-1]
        for post in posts:
            if (entry := post.get("entry")) and not entry.get("content") and not entry.get("title"):
                post |= {"entry": None, "skipped": "without words"}
        kept = [post for post in posts if post.get("entry")]
        skipped = dict(Counter(post["skipped"] for post in posts if post.get("skipped")))
        details: dict[str, Any] = {"elapsed_ms": answer.elapsed_ms, "wire_bytes": answer.wire_bytes}
        batch = Batch(
            entries=tuple(Entry(external_id=post["id"], **post["entry"]) for post in kept),
            gone=tuple(Gone(post["id"], post["gone"]) for post in posts if post.get("gone")),
            raw_sha256=sha256,
            refused=tuple((place, reason) for place, reason in found.get("refused", [])),
            status_code=answer.status,
            body_bytes=len(answer.body),
            details=details | ({"skipped": skipped} if skipped else {}),
            gapless=True,
        )
        moments = ((post["id"], dates.understood(post.get("created"))) for post in posts)
        shown = tuple((name, moment.timestamp()) for name, moment in moments if moment is not None)
        return Page(batch, found.get("next"), shown, last=spent(answer) or self._late())

    def _own(self) -> bool:
        host = self.url.host
        return is_address(host) and is_allowed(host, self.settings.allowed_networks)

    def _late(self) -> bool:
        """Whether half of the deadline is over: what is left belongs to storing what came."""
        return time.monotonic() > self.ends_at - self.settings.fetch_deadline_seconds / 2


def wait_of(answer: Answer, now: dt.datetime) -> str | None:
    """Return the pause a platform asks for, as a number of seconds or an HTTP date, whatever header it uses."""
    if asked := answer.headers.get("retry-after"):
        return asked
    for name in ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"):
        written = answer.headers.get(name, "").strip()
        try:
            seconds = float(written)
            if seconds > LONGEST_WAIT:
                seconds -= now.timestamp()
        except ValueError:
            moment = dates.understood(written)
            if moment is None:
                continue
            seconds = (moment - now).total_seconds()
        if 0 <= seconds < LONGEST_WAIT:
            return str(int(seconds) + 1)
    return None


def spent(answer: Answer) -> bool:
    """Whether the platform says that no further request would be answered for now."""
    for name in ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining"):
        try:
            if float(answer.headers.get(name, "")) < 1:
                return True
        except ValueError:
            continue
    return False


def described(answer: Answer) -> str:
    """Say what kind of thing came instead of what was expected."""
    kind = answer.headers.get("content-type", "").split(";")[0].strip()[:60] or "no content type"
    return "an empty answer" if not answer.body.strip() else f"{len(answer.body):,} bytes of {kind}"
