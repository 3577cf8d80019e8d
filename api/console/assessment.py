"""One passage in its context, and the form in which a person decides about it."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import audit, leases
from api.console import assigning, words
from api.console.beside import beside
from api.console.decisions import decision_of, form_of, in_words, read_decision
from api.console.desk import At, ConsoleRoute, Desk, Posted
from api.console.narrowing import Narrowing, Trail, read_narrowing, read_trail
from api.console.passages import machine_of, reading_of
from api.console.queue import last_decision
from api.console.rendering import page, see_other, sentence
from api.console.source_profile import profile_of
from api.console.translation import gettext as _
from api.console.translation import ngettext
from api.deciding import keep_decision, take_back
from api.dependencies import AllSessions, CurrentSettings, Id, Now
from api.errors import NotFound
from api.queue import Found, cursor_at, find_ids, get_assessment
from api.reviews import (
    Decision,
    ReviewConflict,
    ReviewInvalid,
    counted_reviews,
    latest_review,
    standing,
    visible_reviews,
)
from api.settings import Settings
from models.account import Account
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.document import Document
from models.review import GoldCase, Review

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Visit:
    """What opening a passage came to: who else has it, until when, and how many marked ones this reader has opened."""

    held_by: str = ""
    until: dt.datetime | None = None
    opened: int = 0
    pause: bool = False


@router.get("/assessments/{assessment_id}")
def show(
    request: Request, assessment_id: Id, at: At, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Show one passage within the search it was opened from; a reviewer who opens it has it for a while."""
    with reading(sessions) as session:
        found = found_or_missing(session, assessment_id)
    visit = open_passage(sessions, at, found, settings, now)
    return passage_page(sessions, request, at, found, visit=visit, now=now)


@router.post("/assessments/{assessment_id}")
def decide(
    request: Request,
    assessment_id: Id,
    at: At,
    form: Posted,
    *,
    sessions: AllSessions,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    """Keep the decision and take up the next free passage; a refused one is shown again with what was typed."""
    at.signed_in.actor.must("review")
    with reading(sessions) as session:
        found = found_or_missing(session, assessment_id)
        decision = read_decision(form, machine_of(found))
    narrowing, trail = way(request)
    try:
        with writing(sessions) as session:
            share = settings.double_review_share
            keep_decision(session, at.account_id, assessment_id, decision, now, share, may_settle=at.may_lead)
            following = leases.take_next(
                session,
                narrowing.asked(at.account_id, thirds=at.may_lead),
                narrowing.order,
                cursor_at(narrowing.order, found.assessment),
                at.account_id,
                now=now,
                lease=settings.lease,
            )
    except (ReviewInvalid, ReviewConflict) as refused:
        return passage_page(sessions, request, at, found, typed=decision, refused=refused, now=now)
    if following is None:
        return see_other(f"/queue{narrowing.query(done=assessment_id)}")
    return see_other(narrowing.href(following, trail.then(assessment_id), done=assessment_id))


@router.post("/assessments/{assessment_id}/withdraw")
def withdraw(request: Request, assessment_id: Id, at: At, form: Posted, *, sessions: AllSessions, now: Now) -> Response:
    """Take the last decision back and show the passage again, to decide anew."""
    del form  # it has been checked
    at.signed_in.actor.must("review")
    with writing(sessions) as session:
        take_back(session, at.account_id, assessment_id, now)
    narrowing, trail = way(request)
    return see_other(narrowing.href(assessment_id, trail, done=assessment_id))


def open_passage(sessions: Sessions, at: Desk, found: Found, settings: Settings, now: dt.datetime) -> Visit:
    """Take the passage if it is free, and keep that its text was read; neither keeps anybody from reading."""
    one = found.assessment
    audit.note_reading(sessions, at.account_id, ("assessment", one.id), now, marked=audit.is_marked(one))
    if not at.may_review:
        return Visit()
    with suppress(OperationalError), writing(sessions) as session:
        leases.take(session, one.id, at.account_id, now, settings.lease)
    with reading(sessions) as session:
        held_by, until = leases.holders(session, [one.id], at.account_id, now).get(one.id, ("", None))
        opened = audit.exposure(session, at.account_id, now)
    return Visit(held_by, until, opened, pause=0 < settings.exposure_per_hour <= opened)


def passage_page(
    sessions: Sessions,
    request: Request,
    at: Desk,
    found: Found,
    *,
    now: dt.datetime,
    visit: Visit | None = None,
    typed: Decision | None = None,
    refused: ReviewInvalid | ReviewConflict | None = None,
) -> Response:
    """Return the page of one passage, and keep which others it showed whole; `typed` is what was `refused`."""
    with reading(sessions) as session:
        answer, whole = written(session, request, at, found, visit=visit, typed=typed, refused=refused, now=now)
    audit.note_listing(sessions, at.account_id, whole, now)
    return answer


def written(
    session: Session,
    request: Request,
    at: Desk,
    found: Found,
    *,
    now: dt.datetime,
    visit: Visit | None,
    typed: Decision | None,
    refused: ReviewInvalid | ReviewConflict | None,
) -> tuple[Response, tuple[int, ...]]:
    """Return the page, and the other passages that stand on it whole."""
    narrowing, trail = way(request)
    one = found.assessment
    reviews = visible_reviews(session, one.id, at.account_id)
    conflict = refused.theirs if isinstance(refused, ReviewConflict) else None
    own = [review for review in standing(reviews) if review.reviewer_id == at.account_id]
    decision = typed or (decision_of(own[-1]) if own else Decision(""))
    newest = latest_review(session, one.id)
    here = narrowing.href(one.id, trail)
    form = form_of(
        decision,
        machine_of(found),
        last_review_id=newest.id if newest else 0,
        error=sentence(refused.detail) if isinstance(refused, ReviewInvalid) else "",
        action=here,
        here=here,
        proposals=proposals(session, one),
    )
    count = len(counted_reviews(session, one.id))
    shown = [*reviews, conflict] if conflict is not None else reviews
    names = names_of(session, shown)
    status = refused.status if refused else 200
    aside = beside(session, request, found, here, at.account_id)
    answer = page(
        "assessment.html",
        status,
        desk=at,
        now=now,
        visit=visit or Visit(),
        beside=aside,
        seen=reading_of(session, found) | {"looked": looked(one, count, blind=not reviews and at.may_review)},
        form=form,
        source=profile_of(session, found.source, now),
        step={
            "list": f"/queue{narrowing.query()}",
            "previous": narrowing.href(trail.ids[0], Trail(trail.ids[1:])) if trail.ids else "",
            "next": next_address(session, one, narrowing, trail, at, now),
        },
        reviews=[spoken_review(review, names) for review in reviews],
        hidden_reviews=0 if reviews else count,
        gold=session.get(GoldCase, one.id) if at.may_lead else None,
        reviewers=assigning.reviewers(session) if at.may_lead else [],
        conflict=conflict and {"theirs": spoken_review(conflict, names), "yours": spoken_decision(decision)},
        done=last_decision(session, at.account_id, request.query_params.get("done", ""), narrowing),
    )
    return answer, aside.whole


def found_or_missing(session: Session, assessment_id: int) -> Found:
    """Return the assessment; raises NotFound."""
    found = get_assessment(session, assessment_id)
    if found is None:
        raise NotFound(_("there is no passage %(id)s; it may have been deleted", id=assessment_id))
    return found


def way(request: Request) -> tuple[Narrowing, Trail]:
    """Return the search that the passage was opened from, and what was seen before it."""
    return read_narrowing(request.query_params), read_trail(request.query_params)


def next_address(
    session: Session, assessment: Assessment, narrowing: Narrowing, trail: Trail, at: Desk, now: dt.datetime
) -> str:
    """Return the address of the passage that follows in the same search and is free, or of the list after the last."""
    cursor = cursor_at(narrowing.order, assessment)
    asked = narrowing.asked(at.account_id, thirds=at.may_lead)
    ids, _ = find_ids(session, asked, narrowing.order, cursor, leases.LOOK_AT)
    held = leases.holders(session, ids, at.account_id, now)
    free = next((one for one in ids if one not in held), None)
    return f"/queue{narrowing.query()}" if free is None else narrowing.href(free, trail.then(assessment.id))


def looked(assessment: Assessment, count: int, *, blind: bool) -> str:
    """Say whether a person has looked, without the verdict where the reader is to decide first."""
    if not count:
        return _("No person has looked at it yet.")
    if blind:
        return ngettext("%(num)s person has looked at it.", "%(num)s people have looked at it.", count)
    return _("It counts as: %(status)s.", status=words.STATUSES[assessment.status])


def proposals(session: Session, assessment: Assessment) -> dict[str, str]:
    """Return what was measured for the two parts of the worksheet that a machine may speak to."""
    copies, publishers = session.execute(
        select(func.count(), func.count(Document.source_id.distinct())).where(
            Document.cluster_id == assessment.cluster_id, Document.current
        )
    ).one()
    at = ngettext("at %(num)s source", "at %(num)s sources", publishers)
    return {
        "content_form": _(
            "the model reads stage %(stage)s, and that the text %(stance)s.",
            stage=words.STAGES[assessment.stage],
            stance=words.STANCES[assessment.stance],
        ),
        "extent": ngettext(
            "%(num)s copy %(at_sources)s seen here.", "%(num)s copies %(at_sources)s seen here.", copies, at_sources=at
        ),
    }


def names_of(session: Session, reviews: list[Review]) -> dict[int, str]:
    """Return the names of the people who wrote these reviews."""
    ids = {review.reviewer_id for review in reviews}
    return {one.id: one.name for one in session.scalars(select(Account).where(Account.id.in_(ids)))}


def spoken_review(review: Review, names: dict[int, str]) -> dict[str, Any]:
    """Return a kept review as the page says it."""
    by = names.get(review.reviewer_id, _("somebody"))
    return {"verdict": said_verdict(review.verdict), "by": by, "at": review.created_at, "lines": in_words(review)}


def spoken_decision(decision: Decision) -> dict[str, Any]:
    """Return a decision that is not kept yet as the page says it."""
    return {"verdict": said_verdict(decision.verdict), "lines": in_words(decision)}


def said_verdict(verdict: str) -> str:
    """Return a verdict as a list of decisions says it; one that nobody knows as it was typed."""
    return words.SAID_VERDICTS.get(verdict, verdict)
