"""What an endpoint may ask for by type: the time, a transaction, who is asking, checked words and times.

It knows no noun.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from pydantic import AfterValidator, BeforeValidator, StringConstraints
from sqlalchemy import orm

from api import auth
from api.errors import NotSignedIn, TooMany
from api.roles import Actor
from api.settings import Settings
from models.database import Sessions, reading, writing

BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token made by `tocsin token create`; it begins with toc_."
)
MAX_ID = 2**63 - 1
# A plus sign in a query that was not escaped arrives as a space.
LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:\d\d$)")
BEGINS_WITH_A_DATE = re.compile(r"\d{4}-\d\d-\d\d")
DATE_ONLY = re.compile(r"\d{4}-\d\d-\d\d")


def clock(request: Request) -> dt.datetime:
    """Return the time of this request."""
    now: Callable[[], dt.datetime] = request.app.state.clock
    return now()


Now = Annotated[dt.datetime, Depends(clock)]


def all_sessions(request: Request) -> Sessions:
    """Return the session factory, for the few calls that open transactions of their own."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def current_settings(request: Request) -> Settings:
    """Return the settings this service was started with."""
    settings: Settings = request.app.state.settings
    return settings


AllSessions = Annotated[Sessions, Depends(all_sessions)]
CurrentSettings = Annotated[Settings, Depends(current_settings)]


def writing_session(sessions: AllSessions) -> Iterator[orm.Session]:
    """One transaction for this request."""
    with writing(sessions) as session:
        yield session


def reading_session(sessions: AllSessions) -> Iterator[orm.Session]:
    """One transaction that only reads."""
    with reading(sessions) as session:
        yield session


# "function": the transaction ends before the answer goes out, so that nobody is told of what was not kept.
Session = Annotated[orm.Session, Depends(writing_session, scope="function")]
ReadSession = Annotated[orm.Session, Depends(reading_session, scope="function")]


def actor(
    request: Request,
    needed: SecurityScopes,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    sessions: AllSessions,
    now: Now,
) -> Actor:
    """Return who is asking; raises NotSignedIn, NotAllowed, or TooMany after many wrong keys from one address."""
    if sent is None:
        raise NotSignedIn("send a token: Authorization: Bearer toc_...; the operator makes one")
    throttle: Throttle = request.app.state.throttle
    client = request.client.host if request.client else ""
    try:
        who = auth.token_actor(sessions, sent.credentials, now)
    except NotSignedIn:
        throttle.count(client, now)
        raise
    for scope in needed.scopes:
        who.must(scope)
    return who


Reader = Annotated[Actor, Security(actor, scopes=["read"])]
Reviewer = Annotated[Actor, Security(actor, scopes=["review"])]
Pusher = Annotated[Actor, Security(actor, scopes=["push"])]
Partner = Annotated[Actor, Security(actor, scopes=["sight"])]
Lead = Annotated[Actor, Security(actor, scopes=["lead"])]
Admin = Annotated[Actor, Security(actor, scopes=["admin"])]


class Throttle:
    """Counts wrong keys per client address and minute, in this process.

    Over the limit a wrong key is answered with 429. A right key still passes: keys of 256 bits cannot be guessed, and
    locking an address out would let one neighbour behind the same proxy silence all others.
    """

    def __init__(self, per_minute: int = 30, clients: int = 10_000) -> None:
        self.per_minute, self.clients = per_minute, clients
        self.seen: dict[str, tuple[dt.datetime, int]] = {}

    def count(self, client: str, now: dt.datetime) -> None:
        """Note one wrong key; raises TooMany when there were too many within a minute."""
        since, count = self.seen.get(client, (now, 0))
        if now - since >= dt.timedelta(minutes=1) or now < since:
            since, count = now, 0
        if len(self.seen) >= self.clients and client not in self.seen:
            self.seen.clear()  # forgetting all counts is better than growing without a limit
        self.seen[client] = (since, count + 1)
        if count >= self.per_minute:
            wait = since + dt.timedelta(minutes=1) - now
            raise TooMany(
                f"more than {self.per_minute} wrong tokens in a minute came from your address", retry_after=wait
            )


def _moment(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or not BEGINS_WITH_A_DATE.match(value.strip()):
        raise ValueError("a time is written as 2026-03-14T09:30:00Z")
    value = LOST_PLUS.sub("+", value.strip())
    return f"{value}T00:00:00Z" if DATE_ONLY.fullmatch(value) else value


def _to_utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("this time lies outside of what can be kept") from None


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("the text holds a NUL")
    return value.encode("utf-8", "replace").decode("utf-8")


Moment = Annotated[dt.datetime, BeforeValidator(_moment), AfterValidator(_to_utc)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_storable)]
Id = Annotated[int, Path(ge=1, le=MAX_ID, description="The row's id.")]
