"""How each kind of source is read. The rest of the room sees only the `Reader` protocol and what it yields."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ingest.entry import Entry
from ingest.http import Network
from ingest.settings import IngestSettings
from models.source import SOCIAL_KINDS

if TYPE_CHECKING:
    from ingest.read import Stored

# Keeps raw bytes for good and returns their SHA-256. A reader calls it before it parses.
Keep = Callable[[bytes, str | None], str]


@dataclass(frozen=True)
class Place:
    """What a reader may know of a source: where it is, and what was remembered of the last answers."""

    name: str
    kind: str
    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    full_fetch_at: dt.datetime | None = None
    cursor: dict[str, Any] = field(default_factory=dict)
    credential: str | None = None
    move_files: bool = False  # of a folder: whether a file is moved once it is read


@dataclass(frozen=True)
class Gone:
    """Something the source says it no longer shows: one item, or all whose identifier starts like this."""

    external_id: str
    reason: str
    prefix: bool = False


@dataclass(frozen=True)
class Batch:
    """Entries stored together, then what is `gone`, in one transaction with the `remember` columns of the source.

    `refused` holds (place, reason) of what could not become an entry. `outcome` is ok, not_modified or unchanged.
    """

    entries: tuple[Entry, ...] = ()
    raw_sha256: str | None = None
    refused: tuple[tuple[str, str], ...] = ()
    remember: dict[str, Any] = field(default_factory=dict)
    outcome: str = "ok"
    reason: str | None = None
    status_code: int | None = None
    body_bytes: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()
    # The reader knows where it left off: that everything is new says nothing odd about the source.
    gapless: bool = False
    # What the source is known by, as `hijack.about` gives it; empty where that was not told.
    about: Mapping[str, str] = field(default_factory=dict)
    # Called once the batch is stored for good, with what became of its entries; not where it could not be stored.
    after: "Callable[[Stored], None] | None" = None


class Reader(Protocol):
    """Reads one kind of source: yields batches, or raises an `IngestError` that says what is wrong with the source."""

    def read(
        self, place: Place, network: Network, keep: Keep, settings: IngestSettings, now: dt.datetime
    ) -> Iterator[Batch]:
        """Yield what is new; everything before an error has been good."""


def reader_for(kind: str) -> Reader:
    """Return the reader of a polled kind of source; raises KeyError for others."""
    if kind in SOCIAL_KINDS:
        from ingest.readers.social import READERS

        return READERS[kind]()
    from ingest.readers.feed import FeedReader
    from ingest.readers.folder import FolderReader
    from ingest.readers.page import PageReader, SectionReader
    from ingest.readers.sitemap import SitemapReader

    readers: dict[str, type[Reader]] = {
        "feed": FeedReader,
        "folder": FolderReader,
        "page": PageReader,
        "section": SectionReader,
        "sitemap": SitemapReader,
    }
    return readers[kind]()
