"""Listen to Jetstream, the JSON stream of Bluesky, for a bounded time, and go on from there at the next poll.

The address is https://HOST/subscribe with `wantedDids=` or `wantedCollections=` as Jetstream understands them (else
only posts are asked for) and `lang=` as often as wanted, which we filter by: the whole network says millions of things
a day. Edits become versions, deletions tombstones. The cursor moves with what is stored; each connection begins a few
seconds before it, as Jetstream's authors advise, and what comes twice adds nothing.
"""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx

from ingest.entry import Entry
from ingest.errors import NoFeed, Refused, Unreachable
from ingest.http import Answer, Network
from ingest.readers import Batch, Gone, Keep, Place, sandbox
from ingest.readers.bluesky import POST, taken
from ingest.readers.loose import at, loaded, number_at, text_at
from ingest.readers.platform import Asker
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

REWIND_US = 5_000_000
AHEAD_US = 3_600_000_000
CHUNK = 500
CHUNK_BYTES = 1024 * 1024
MESSAGE_BYTES = 1024 * 1024
OURS = frozenset({"lang", "cursor", "compress"})
ENDED = frozenset({"deleted", "takendown", "suspended"})


class JetstreamReader:
    """One bounded listening per poll."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield what was said since the cursor, in order; a stream that breaks off has been good until then."""
        asker = Asker(place, network, keep, settings, now)
        languages = sorted({code.lower() for code in asker.url.params.get_list("lang")})
        state = State.of(place.cursor)
        box = sandbox.shared(settings.parse_cpu_seconds, settings.parse_memory_bytes)
        details = {"events": 0, "passed_over": 0}
        last: Batch | None = None
        with connected(asker, state.time_us) as stream:
            for lines in chunks(stream, settings):
                found = box.ask("social", b"\n".join(lines), what="jetstream", languages=languages)
                wanted = [lines[event["line"]] for event in found["events"] if event["wanted"]]
                sha256 = keep(b"\n".join(wanted), "application/jsonl") if wanted else None
                details["events"] += len(lines)
                details["passed_over"] += len(lines) - len(wanted)
                for batch in batches(found["events"], state, sha256, now):
                    if last is not None:
                        yield last
                    last = batch
        if last is None:
            yield Batch(outcome="unchanged", details=details)
        else:
            yield replace(last, details=details)


@dataclass
class State:
    """Where we are, and which posts were edited so lately that a rewind brings their older words again."""

    time_us: int | None = None
    edited: dict[str, list[Any]] = field(default_factory=dict)  # identifier -> [revision, time]

    @classmethod
    def of(cls, cursor: dict[str, Any]) -> "State":
        """Return what a source's cursor says."""
        return cls(cursor.get("time_us"), dict(cursor.get("edited", {})))

    def cursor(self) -> dict[str, Any]:
        """Return what the source's cursor becomes."""
        since = (self.time_us or 0) - 2 * REWIND_US
        self.edited = {name: mark for name, mark in self.edited.items() if mark[1] >= since}
        return {"time_us": self.time_us, "edited": dict(self.edited)}

    def outdated(self, event: dict[str, Any]) -> bool:
        """Whether a rewind brings words again that were edited since; revisions sort as text."""
        return event["id"] in self.edited and event["rev"] < self.edited[event["id"]][0]

    def advance(self, event: dict[str, Any], now: dt.datetime) -> None:
        """Move on; a time that lies ahead of the clock would skip everything until then."""
        ahead = int(now.timestamp() * 1_000_000) + AHEAD_US
        self.time_us = max(self.time_us or 0, min(event["time_us"], ahead))
        if event["edit"]:
            self.edited[event["id"]] = [event["rev"], self.time_us]


def batches(events: list[dict[str, Any]], state: State, sha256: str | None, now: dt.datetime) -> Iterator[Batch]:
    """Group events so that no post occurs twice in a batch: its versions and its end come one after the other."""
    entries: dict[str, Entry] = {}
    gone: list[Gone] = []
    refused: list[tuple[str, str]] = []

    def batch() -> Batch:
        remember = {"cursor": state.cursor()} if state.time_us else {}
        return Batch(tuple(entries.values()), sha256, tuple(refused), remember, gone=tuple(gone), gapless=True)

    for event in events:
        name = event["id"]
        # What is gone is marked after the entries of its batch are stored: a post that follows waits for the next one.
        if gone or name in entries:
            yield batch()
            entries, gone, refused = {}, [], []
        if event["reason"]:
            refused.append((f"event {event['line']}", event["reason"]))
        elif event["gone"]:
            gone.append(Gone(name, event["gone"], prefix=event["prefix"]))
        elif event["entry"] and not state.outdated(event):
            entries[name] = Entry(external_id=name, **event["entry"])
        if event["time_us"]:
            state.advance(event, now)
    if events:
        yield batch()


@contextmanager
def connected(asker: Asker, time_us: int | None) -> Iterator["ClientConnection"]:
    """Open the stream over a socket that the guard has opened; redirects are refused, packing is not offered."""
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    url = stream_url(checked(asker.url), time_us)
    secret = asker.secret()
    sock = asker.network.open_socket(str(asker.url), asker.settings.fetch_deadline_seconds)
    sock.settimeout(None)
    try:
        stream = connect(
            str(url),
            sock=sock,
            ssl=asker.network.tls if url.scheme == "wss" else None,
            server_hostname=url.host if url.scheme == "wss" else None,
            compression=None,
            additional_headers={"Authorization": f"Bearer {secret}"} if secret else None,
            user_agent_header=asker.settings.user_agent,
            proxy=None,  # the socket goes through the operator's proxy already, if there is one
            open_timeout=min(asker.settings.fetch_deadline_seconds, 15.0),
            close_timeout=1.0,
            max_size=MESSAGE_BYTES,
        )
    except InvalidStatus as error:
        sock.close()
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        answer = Answer(response.status_code, str(asker.url), headers, bytes(response.body or b""), 0)
        asker.check(answer)
        raise NoFeed("the address answers, but is no stream; perhaps a login page or another service") from error
    except (WebSocketException, OSError) as error:
        sock.close()
        raise Unreachable(f"no stream from {str(asker.url)[:200]} ({error or type(error).__name__})") from error
    with stream:
        yield stream


def checked(url: httpx.URL) -> httpx.URL:
    """Return the address; raises `Refused` for one that is no stream of events."""
    if not url.path.rstrip("/").endswith("/subscribe"):
        raise Refused("a Jetstream address is https://HOST/subscribe, with lang=CODE for one language")
    return url


def stream_url(url: httpx.URL, time_us: int | None) -> httpx.URL:
    """Return the address to connect to: without our own words, with posts wanted, from a little before the cursor."""
    wanted = [(name, value) for name, value in url.params.multi_items() if name not in OURS]
    if not any(name == "wantedCollections" for name, _ in wanted):
        wanted.append(("wantedCollections", POST))
    if time_us:
        wanted.append(("cursor", str(time_us - REWIND_US)))
    scheme = {"https": "wss", "http": "ws"}[url.scheme]
    return url.copy_with(scheme=scheme, params=wanted, fragment=None)


def chunks(stream: "ClientConnection", settings: IngestSettings) -> Iterator[list[bytes]]:
    """Yield messages as they come, until time or budget are over, the stream is quiet, or it breaks off.

    Raises `Unreachable` when it breaks off before it said anything.
    """
    from websockets.exceptions import ConnectionClosed

    ends_at = time.monotonic() + settings.stream_seconds
    left = settings.max_entries * settings.max_pages
    lines: list[bytes] = []
    size = said = 0
    while left > 0 and (patience := ends_at - time.monotonic()) > 0:
        try:
            # A quiet stream has nothing more for now; before the first word it may still be looking for the cursor.
            message = stream.recv(min(patience, settings.stream_seconds / 4) if said else patience, decode=False)
        except TimeoutError:
            break
        except ConnectionClosed as error:
            if not said:
                raise Unreachable(f"the stream was closed before it said anything ({error})") from error
            break
        lines.append(bytes(message).replace(b"\r", b" ").replace(b"\n", b" "))
        size, left, said = size + len(message), left - 1, said + 1
        if len(lines) >= CHUNK or size >= CHUNK_BYTES:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def parse_events(body: bytes, *, languages: list[str]) -> dict[str, Any]:
    """Return `{"events"}`, one per line, each saying whether it is wanted and what it means; runs in the sandbox."""
    return {"events": [_event(number, line, languages) for number, line in enumerate(body.split(b"\n"))]}


def _event(number: int, line: bytes, languages: list[str]) -> dict[str, Any]:
    value, problem = loaded(line)
    event = {"line": number, "id": "", "rev": "", "time_us": 0, "edit": False, "entry": None, "gone": "", "reason": ""}
    event |= {"prefix": False, "wanted": True, "time_us": int(number_at(value, "time_us") or 0)}
    did = text_at(value, "did")
    if problem or did is None:
        return event | {"reason": "an event that cannot be read: no JSON" if problem else "an event of nobody"}
    if at(value, "kind") == "account" and at(value, "account", "active") is False:
        why = text_at(value, "account", "status") or ""
        if why in ENDED:
            return event | {"id": f"at://{did}/", "prefix": True, "gone": f"the account was {why}"}
    commit, key = at(value, "commit"), text_at(value, "commit", "rkey")
    if at(value, "kind") != "commit" or text_at(commit, "collection") != POST:
        return event | {"wanted": False}
    event |= {"id": f"at://{did}/{POST}/{key}", "rev": text_at(commit, "rev") or ""}
    operation = at(commit, "operation")
    if key is None or operation not in ("create", "update", "delete"):
        return event | {"reason": "a post without a key or with an unknown operation"}
    if operation == "delete":
        return event | {"gone": "deleted by its author"}
    return event | _words(event, commit, did, languages)


def _words(event: dict[str, Any], commit: Any, did: str, languages: list[str]) -> dict[str, Any]:
    """Return what a written or edited post adds to its event."""
    record, edit = at(commit, "record"), at(commit, "operation") == "update"
    entry = taken(record, event["id"], did)["entry"]
    codes = {code.lower() for code in (at(record, "langs") or []) if isinstance(code, str)}
    stems = codes | {code.partition("-")[0] for code in codes}
    # An edit is always followed: it may change what was taken in before.
    if not entry["content"] or (languages and not edit and not stems & set(languages)):
        return {"wanted": False}
    if edit:
        moment = dt.datetime.fromtimestamp(min(event["time_us"], 4_000_000_000_000_000) / 1e6, dt.UTC)
        entry["published"] = moment.isoformat() if event["time_us"] > 0 else entry["published"]
    return {"entry": entry, "edit": edit}
