"""What stands beside a passage on its page: terms of the lexicon, a second machine's opinion, a translation, its like.

Each is shown as what it is, and none decides.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.console.desk import At, ConsoleRoute, Posted
from api.console.narrowing import read_narrowing, read_trail
from api.console.rendering import see_other
from api.console.text import Piece, pieces
from api.dependencies import AllSessions, Id, Now
from api.lexicon import found_in
from api.nearest import Like, reviewed
from api.queue import Found
from api.second_reader import opinion_of
from api.translation import Translators, gloss, gloss_of, translators
from classify.lexicon import LOOKED_AT, Entry, bundled
from models.second import Gloss, Opinion

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Near:
    """A decided passage that is like this one."""

    href: str
    source: str
    status: str
    likeness: float
    signals: tuple[str, ...]
    passage: tuple[Piece, ...]
    language: str


@dataclass(frozen=True)
class Term:
    """A term of the lexicon that stands in the text, with the words as they are written there."""

    entry: Entry
    written: tuple[tuple[Piece, ...], ...]
    ours: bool  # an entry of the product, whose words are English


@dataclass(frozen=True)
class Beside:
    """What the page shows beside one passage. `offered` is whether a translation can be asked for."""

    opinion: Opinion | None = None
    reason: tuple[Piece, ...] = ()
    gloss: Gloss | None = None
    translated: tuple[Piece, ...] = ()
    offered: bool = False
    outside: str = ""
    target: str = ""
    action: str = ""
    nearest: tuple[Near, ...] = ()
    terms: tuple[Term, ...] = ()
    read_to: int = LOOKED_AT  # how much of a text the lexicon is looked up in
    whole: tuple[int, ...] = ()  # the passages like it that are all of their texts


@router.post("/assessments/{assessment_id}/gloss")
def translate(
    request: Request,
    assessment_id: Id,
    at: At,
    form: Posted,
    *,
    sessions: AllSessions,
    now: Now,
    known: Annotated[Translators, Depends(translators)],
) -> Response:
    """Have the text translated and show the passage again, in the search it was opened from."""
    del form  # it has been checked
    at.signed_in.actor.must("review")
    gloss(sessions, known, assessment_id, at.account_id, now)
    narrowing, trail = read_narrowing(request.query_params), read_trail(request.query_params)
    return see_other(narrowing.href(assessment_id, trail))


def beside(session: Session, request: Request, found: Found, here: str, account_id: int) -> Beside:
    """Return what is kept beside this passage for one reader; `here` is the address of its page."""
    known = translators(request)
    opinion = opinion_of(session, found.assessment.id)
    kept = gloss_of(session, found.document.id)
    target = known.settings.assist.translate_to
    query = here.partition("?")[2]
    like = reviewed(request).like(session, found, account_id)
    return Beside(
        opinion=opinion,
        reason=tuple(pieces(opinion.reason or "")) if opinion else (),
        gloss=kept,
        translated=tuple(pieces(kept.text)) if kept else (),
        offered=known.offered and found.assessment.language != target and bool(found.document.text.strip()),
        outside=known.outside,
        target=target,
        nearest=tuple(map(near_of, like)),
        terms=terms_of(session, found),
        whole=tuple(one.found.assessment.id for one in like if one.whole),
        action=f"/assessments/{found.assessment.id}/gloss{query and '?'}{query}",
    )


def near_of(like: Like) -> Near:
    """Return a decided passage as the page shows it."""
    one = like.found
    return Near(
        href=f"/assessments/{one.assessment.id}",
        source=one.source.name,
        status=one.assessment.status,
        likeness=like.likeness,
        signals=tuple(mark.key for mark in one.marks if mark.kind == "signal"),
        passage=tuple(pieces(like.passage)),
        language=one.assessment.language,
    )


def terms_of(session: Session, found: Found) -> tuple[Term, ...]:
    """Return the terms of the lexicon in the text, each way of writing them once."""
    text = found.document.text
    hits = found_in(session, text, found.assessment.language)
    return tuple(
        Term(
            hit.entry,
            tuple(tuple(pieces(one)) for one in dict.fromkeys(text[start:end] for start, end in hit.places)),
            ours=hit.entry in bundled(),
        )
        for hit in hits
    )
