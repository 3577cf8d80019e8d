"""The lexicon as programs read it, and the evidence that it gives of one text; nothing is decided here."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api import lexicon
from api.dependencies import Reader, ReadSession, Word
from api.lexicon import Held
from api.pagination import Listed, PageWanted, read_cursor, write_cursor
from api.problems import describe_failures
from classify.lexicon import LOOKED_AT, Entry, Hit

router = APIRouter(prefix="/v1/lexicon", tags=["codebook"])


class EntryShape(BaseModel):
    """One term that a reviewer should know about."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    term: str
    variants: list[str] = Field(description="Other ways to write it; a word ending in * stands for all that begin so.")
    languages: list[str] = Field(description="Those it belongs to; with *, looked for in texts of every language.")
    countries: list[str]
    consistent_with: list[str] = Field(description="Signals that its use has gone with; not signals of a text.")
    meaning: str
    benign: str = Field(description="What else it is used for.")
    does_not_prove: str
    source: str
    caution: str = Field(description="How easily it misleads: high (an everyday word), medium or low.")
    reviewed_by: str = Field(description="The native speaker who has checked the entry; empty while nobody has.")
    reviewed_on: dt.date | None


class HeldShape(EntryShape):
    """One entry as it stands in this installation."""

    active: bool = Field(description="False once it was retired; it is then looked for no more.")
    origin: str = Field(description="product, own, or changed: the operator's in place of the product's.")


class Place(BaseModel):
    """Code points of the text as sent."""

    start: int
    end: int


class HitShape(EntryShape):
    """An entry whose term stands in a text."""

    places: list[Place]


class Evidence(BaseModel):
    """What the lexicon holds about one text, at the moment of asking; it is stored nowhere and decides nothing."""

    note: str = lexicon.NOTE
    read_to: int = Field(description=f"How much of the text was looked through; {LOOKED_AT} characters at most.")
    found: list[HitShape]


@router.get("", summary="The lexicon", responses=describe_failures(401, 403, 422))
def list_lexicon(
    _who: Reader,
    session: ReadSession,
    page: PageWanted,
    language: Annotated[Word | None, Query(description="Of the term.", examples=["sw"])] = None,
    active: Annotated[bool | None, Query()] = None,
) -> Listed[HeldShape]:
    """List the entries by key, the operator's in place of the product's."""
    beyond = read_cursor(page.cursor, "lexicon", 1)[0] if page.cursor else 0
    rows = [
        held
        for held in lexicon.every(session)
        if (language is None or language in held.entry.languages) and active in {None, held.entry.active}
    ]
    end = beyond + page.limit
    following = write_cursor("lexicon", end) if len(rows) > end else None
    return Listed(items=[held_shape(held) for held in rows[max(0, beyond) : end]], next=following)


def held_shape(held: Held) -> HeldShape:
    """Show one entry."""
    return HeldShape(**_fields(held.entry), active=held.entry.active, origin=held.origin)


def evidence(hits: list[Hit], text: str) -> Evidence:
    """Show what was found in a text."""
    return Evidence(read_to=min(len(text), LOOKED_AT), found=[hit_shape(hit) for hit in hits])


def hit_shape(hit: Hit) -> HitShape:
    """Show one entry with where it stands."""
    return HitShape(**_fields(hit.entry), places=[Place(start=start, end=end) for start, end in hit.places])


def _fields(entry: Entry) -> dict[str, Any]:
    return dict(EntryShape.model_validate(entry))
