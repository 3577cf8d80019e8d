"""The watched publishers: how each has been answering, why, and what an administrator may do about it."""

import datetime as dt
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from api import sources
from api.console.desk import At, ConsoleRoute, Desk, Posted, one
from api.console.overview import CALM, health
from api.console.rendering import page, see_other, sentence
from api.console.sentences import ELSEWHERE
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Id, Now, ReadSession
from api.errors import ApiError, Conflict, Invalid, NotFound
from ingest import hijack
from models.database import reading, writing
from models.source import POLLED_KINDS, Source

# The fields as the form calls them.
FIELDS = Spoken(
    {
        "name": "Name",
        "kind": "Kind",
        "url": "Address",
        "interval_seconds": "Seconds between asking",
        "language": "Language",
        "country": "Country",
        "region": "Region",
        "audience": "People reached",
        "credential": "Credential",
    }
)
FRESH = {"kind": "feed", "interval_seconds": "900"}
ON_A_PAGE = 60
# How long a mark that changed alone is shown to those who have not acknowledged it.
NOTED_FOR = dt.timedelta(days=30)
DONE = Spoken(
    {
        "added": "The source was added; it is asked at the next turn.",
        "poll": "It is asked at the next turn of the worker, within a minute.",
        "pause": "It is paused. What it brought stays.",
        "resume": "It is watched again, and asked at the next turn.",
        "acknowledge": "You have looked at what changed. It is compared with what it is now.",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/sources")
def show(request: Request, at: At, session: ReadSession, now: Now) -> Response:
    """List every source, those in trouble first."""
    done = DONE.get(request.query_params.get("done", ""), "")
    return sources_page(session, at, now, done=done, number=page_number(request.query_params.get("page", "")))


@router.post("/sources")
def add(at: At, sessions: AllSessions, now: Now, form: Posted) -> Response:
    """Watch a new source; a refused one is shown again with what was typed."""
    at.signed_in.actor.must("lead")
    typed = {name: one(form, name) for name in FIELDS}
    try:
        with writing(sessions) as session:
            seconds, people = typed["interval_seconds"], typed["audience"]
            numbers = {
                "interval_seconds": whole(seconds, "interval_seconds", _("a whole number of seconds, for example 900")),
                "audience": whole(people, "audience", _("a whole number of people")) if people else None,
            }
            sources.create_source(session, {**typed, **numbers}, now)
    except (Invalid, Conflict) as refused:
        with reading(sessions) as session:
            return sources_page(session, at, now, typed=typed, refused=refused)
    return see_other("/sources?done=added")


@router.post("/sources/{source_id}")
def change(source_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Ask a source now, pause it or watch it again."""
    at.signed_in.actor.must("lead")
    act = one(form, "act")
    with writing(sessions) as session:
        if act == "poll":
            known = session.get(Source, source_id)
            if known is None:
                raise NotFound(_("there is no source %(id)s", id=source_id))
            sources.make_due(session, [known.name], now)
        elif act == "acknowledge":
            actor = at.signed_in.actor
            sources.acknowledge(session, source_id, actor.name, actor.account_id, now)
        elif act in {"pause", "resume"}:
            sources.change_source(session, source_id, {"enabled": act == "resume"}, now)
        else:
            raise Invalid(_("the form says neither to ask, nor to pause, nor to watch again"))
    return see_other(f"/sources?done={act}")


def sources_page(
    session: Session,
    at: Desk,
    moment: dt.datetime,
    *,
    typed: dict[str, str] | None = None,
    refused: ApiError | None = None,
    done: str = "",
    number: int = 1,
) -> Response:
    """Return one page of the list; `typed` is a source that was `refused`."""
    trouble_first = case((~Source.enabled, 2), (Source.state.in_(CALM), 1), else_=0)
    query = select(Source).order_by(trouble_first, Source.name)
    rows = session.scalars(query.offset((number - 1) * ON_A_PAGE).limit(ON_A_PAGE + 1)).all()
    return page(
        "sources.html",
        refused.status if refused else 200,
        desk=at,
        now=moment,
        sources=rows[:ON_A_PAGE],
        previous=f"/sources?page={number - 1}" if number > 1 else "",
        next=f"/sources?page={number + 1}" if len(rows) > ON_A_PAGE else "",
        summary=health(session)["summary"],
        polled=POLLED_KINDS,
        noted=noted(rows, moment),
        done=done,
        form={
            **dict.fromkeys(FIELDS, ""),
            **FRESH,
            **(typed or {}),
            "error": in_words_of_the_form(refused.detail) if refused else "",
        },
    )


def noted(rows: Sequence[Source], now: dt.datetime) -> dict[int, list[str]]:
    """Return what of each source changed lately and is no state of its own, in sentences."""
    return {
        source.id: [
            hijack.in_words(one)
            for one in hijack.waiting(source.identity)
            if one["grave"] or now - dt.datetime.fromisoformat(one["at"]) < NOTED_FOR
        ]
        for source in rows
    }


def page_number(text: str) -> int:
    """Return the page that was asked for, the first where that cannot be understood."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def whole(text: str, field: str, otherwise: str) -> int:
    """Return a whole number that was typed; raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Invalid(f"{field}: {otherwise}")
    return int(text)


def in_words_of_the_form(detail: str) -> str:
    """Return what was refused under the name that the form gives to the field."""
    field, colon, rest = detail.partition(": ")
    return sentence(f"{FIELDS[field]}: {ELSEWHERE.say(rest)}" if colon and field in FIELDS else detail)
