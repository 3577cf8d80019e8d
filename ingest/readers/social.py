"""Which platforms are read, by whom, and what the sandbox can read for them."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from ingest.guard import checked_url
from ingest.readers import bluesky, gdelt, jetstream, mastodon, reddit, telegram, youtube
from ingest.readers.timeline import TimelineReader

if TYPE_CHECKING:
    from ingest.readers import Reader

READERS: dict[str, Callable[[], "Reader"]] = {
    "mastodon": partial(TimelineReader, mastodon.open_timeline),
    "bluesky": partial(TimelineReader, bluesky.open_timeline),
    "jetstream": jetstream.JetstreamReader,
    "telegram": partial(TimelineReader, telegram.open_timeline),
    "reddit": partial(TimelineReader, reddit.open_timeline),
    "youtube": partial(TimelineReader, youtube.open_timeline),
    "gdelt": partial(TimelineReader, gdelt.open_timeline),
}
PARSERS: dict[str, Callable[..., dict[str, Any]]] = {
    "mastodon": mastodon.parse_timeline,
    "mastodon_account": mastodon.parse_account,
    "bluesky": bluesky.parse_posts,
    "jetstream": jetstream.parse_events,
    "telegram": telegram.parse_preview,
    "reddit": reddit.parse_listing,
    "youtube": youtube.parse_threads,
    "gdelt": gdelt.parse_articles,
}


CHECKS: dict[str, Callable[[httpx.URL], object]] = {
    "mastodon": mastodon.parts,
    "bluesky": bluesky.call_of,
    "jetstream": jetstream.checked,
    "telegram": telegram.checked,
    "reddit": reddit.listing_of,
    "youtube": youtube.call_of,
    "gdelt": gdelt.query_of,
}


def checked_address(kind: str, text: str) -> str:
    """Return the address of a source of any kind that is fetched; raises `Refused` with what would be right."""
    # A stream is named by ws or wss where people copy it from; the guard knows it by the port it shares.
    if kind == "jetstream" and text.startswith(("ws://", "wss://")):
        text = "http" + text.removeprefix("ws")
    url = checked_url(text)
    if kind in CHECKS:
        CHECKS[kind](url)
    return str(url)


def parse_social(body: bytes, *, what: str, **arguments: Any) -> dict[str, Any]:
    """Read what a platform answered; runs in the sandbox. Pages are `{"problem", "posts", "refused", "next"}`.

    A post is `{"id", "created", "entry", "skipped", "gone"}`: its entry, or why there is none, or why it is gone.
    """
    return PARSERS[what](body, **arguments)
