"""Take sources in from an OPML list and give them out as one; the API, the console and the command line come here."""

import datetime as dt
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.errors import Conflict, Invalid
from api.sources import create_source
from ingest.opml import Outline, read_opml, write_opml
from models.source import POLLED_KINDS, Source

TITLE = "Sources watched by Tocsin"


@dataclass
class Taken:
    """What became of a list: sources added, known already, and (name, reason) of those refused."""

    added: int = 0
    known: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def take_in(session: Session, body: bytes, now: dt.datetime) -> Taken:
    """Watch the sources of an OPML list; a known address is left as it is, a name that is taken gets a number.

    Raises `InputRefused` when it is no OPML; one bad line costs no other.
    """
    taken = Taken()
    known = {url for url in session.scalars(select(Source.url)) if url}
    names = set(session.scalars(select(Source.name)))
    for outline in read_opml(body):
        if outline.url in known:
            taken.known += 1
            continue
        if outline.kind not in POLLED_KINDS or outline.kind == "folder":
            # A folder's path comes from another machine; it must not make us read one of ours.
            taken.refused.append((outline.name, f"a {outline.kind[:30]} cannot be taken from a list"))
            continue
        name = _free_name(outline.name, names)
        try:
            create_source(session, {**asdict(outline), "name": name}, now)
        except (Invalid, Conflict) as error:
            taken.refused.append((outline.name, error.detail))
            continue
        names.add(name)
        known.add(outline.url)
        taken.added += 1
    return taken


def give_out(session: Session) -> str:
    """Return every source that has an address as OPML, in the order of their names; folders stay at home."""
    query = select(Source).where(Source.kind.in_(POLLED_KINDS), Source.kind != "folder").order_by(Source.name)
    return write_opml(
        (
            Outline(row.name, row.url, row.kind, row.language, row.country, row.region, row.interval_seconds)
            for row in session.scalars(query)
            if row.url
        ),
        TITLE,
    )


def _free_name(name: str, names: set[str]) -> str:
    free, number = name, 2
    while free in names:
        ending = f" ({number})"
        free, number = name[: 200 - len(ending)] + ending, number + 1
    return free
