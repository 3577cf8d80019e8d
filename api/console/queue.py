"""The review queue: what to look at next, narrowed by what stands in the address bar."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import audit, leases
from api.console import words
from api.console.desk import At, ConsoleRoute, Posted
from api.console.narrowing import SPOKEN_ORDERS, TABS, Narrowing, read_narrowing
from api.console.passages import entries_of
from api.console.rendering import page, see_other
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now, ReadSession
from api.pagination import MAX_LIMIT
from api.queue import find_assessments
from models.database import writing
from models.review import WITHDRAWN, Review, SavedSearch
from models.source import Source
from models.tally import TallyHour

ON_A_PAGE = 25
MOST_ROWS = 10_000  # of one search as a file; `tocsin export` writes everything
MOST_LANGUAGES = 60
EMPTY = Spoken(
    {
        "review": "Nothing waits to be reviewed here. What comes in is read within minutes.",
        "mine": "No lead has handed you a passage.",
        "abstained": "The model has abstained on nothing that still waits.",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/queue")
def queue(request: Request, at: At, session: ReadSession, sessions: AllSessions, now: Now) -> Response:
    """Show one page of passages, worst or newest first."""
    narrowing = read_narrowing(request.query_params)
    cursor = request.query_params.get("cursor") or None
    asked = narrowing.asked(at.account_id, thirds=at.may_lead)
    found, following = find_assessments(session, asked, narrowing.order, cursor, ON_A_PAGE)
    held = leases.holders(session, [one.assessment.id for one in found], at.account_id, now)
    entries = entries_of(session, found, narrowing.href, at, blind=narrowing.filters.status is None)
    answer = page(
        "queue.html",
        desk=at,
        now=now,
        filters=narrowing,
        orders=SPOKEN_ORDERS.items(),
        filtered=narrowing.narrowed,
        tabs=tabs(narrowing),
        entries=entries,
        next=f"/queue{narrowing.query(cursor=following)}" if following else "",
        empty=emptiness(narrowing),
        done=last_decision(session, at.account_id, request.query_params.get("done", ""), narrowing),
        held=dict(held),
        here=f"/queue{narrowing.query()}",
        query=narrowing.query(),
        as_csv=narrowing.query(format="csv"),
        as_xlsx=narrowing.query(format="xlsx"),
        most_rows=MOST_ROWS,
        none_free="none" in request.query_params,
        searches=saved_searches(session, at.account_id),
        choices=choices(session),
    )
    session.close()  # the log has a transaction of its own
    audit.note_listing(sessions, at.account_id, [one.id for one in entries if one.whole], now)
    return answer


@router.post("/queue/next")
def start(
    request: Request, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Hand this reviewer the first passage of the search that nobody else has."""
    del form  # it has been checked
    at.signed_in.actor.must("review")
    narrowing = read_narrowing(request.query_params)
    asked = narrowing.asked(at.account_id, thirds=at.may_lead)
    with writing(sessions) as session:
        taken = leases.take_next(session, asked, narrowing.order, None, at.account_id, now=now, lease=settings.lease)
    return see_other(f"/queue{narrowing.query(none=1)}" if taken is None else narrowing.href(taken))


def saved_searches(session: Session, account_id: int) -> list[SavedSearch]:
    """Return the searches that this reviewer has kept, by name."""
    query = select(SavedSearch).where(SavedSearch.account_id == account_id).order_by(SavedSearch.name)
    return list(session.scalars(query))


def tabs(narrowing: Narrowing) -> list[tuple[str, str, bool]]:
    """Return the tabs as (address, name, whether it is this one); filters stay on when changing tabs."""
    return [
        (f"/queue{replace(narrowing, show=show).query()}", label, show == narrowing.show)
        for show, label in TABS.items()
    ]


def choices(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen among languages, countries and sources."""
    countries = session.scalars(
        select(Source.country).where(Source.country.is_not(None)).distinct().order_by(Source.country)
    )
    sources = session.scalars(select(Source.name).order_by(Source.name).limit(MAX_LIMIT))
    return {
        "languages": [(code, code) for code in languages(session)],
        "countries": [(code, code) for code in countries if code],
        "sources": [(name, name) for name in sources],
    }


def languages(session: Session) -> list[str]:
    """Return the languages that were assessed, by hopping along the tallies' key instead of reading every hour."""
    found = [""]
    while len(found) <= MOST_LANGUAGES:
        following = session.scalar(
            select(func.min(TallyHour.value)).where(
                TallyHour.label == "volume", TallyHour.dimension == "language", TallyHour.value > found[-1]
            )
        )
        if following is None:
            break
        found.append(following)
    return found[1:]


def emptiness(narrowing: Narrowing) -> str:
    """Say why there is nothing to see, which differs from "nothing was found to be wrong"."""
    if narrowing.narrowed:
        return _("No passage matches this filter. Clear it to see the others.")
    return EMPTY.get(narrowing.show, _("Nothing here."))


def last_decision(session: Session, account_id: int, done: str, narrowing: Narrowing) -> dict[str, Any] | None:
    """Return what this reviewer has just decided, to be shown beside the next passage, and how to take it back."""
    if not (done.isascii() and done.isdigit() and len(done) < 19):
        return None
    review = session.scalars(
        select(Review)
        .where(Review.assessment_id == int(done), Review.reviewer_id == account_id)
        .order_by(Review.id.desc())
        .limit(1)
    ).first()
    if review is None:
        return None
    said = _("You took your decision back.") if review.verdict == WITHDRAWN else words.DECIDED[review.verdict]
    return {
        "sentence": _("Passage %(id)s: %(what)s", id=done, what=said),
        "href": narrowing.href(int(done)),
        "undo": "" if review.verdict == WITHDRAWN else f"/assessments/{done}/withdraw{narrowing.query()}",
    }
