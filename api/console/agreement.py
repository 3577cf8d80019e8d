"""How far reviewers agree with each other and with the gold cases, and which passages are gold."""

from fastapi import APIRouter, Response

from api import audit
from api.agreement import FEWEST_PASSAGES, agreements, gold_standings, units_of
from api.console import words
from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.rendering import page, see_other
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from models.assessment import Assessment
from models.database import writing
from models.review import GoldCase

VERDICT = Spoken({"verdict": "Verdict"})
SETTLED = ("confirmed", "rejected")

router = APIRouter(route_class=ConsoleRoute)


@router.get("/agreement")
def show(at: At, session: ReadSession, settings: CurrentSettings) -> Response:
    """Show alpha by label and language; single reviewers beside the gold cases for leads alone."""
    at.signed_in.actor.must("review")
    units = units_of(session)
    return page(
        "agreement.html",
        desk=at,
        labels_of={**VERDICT, **words.SIGNALS},
        fewest=FEWEST_PASSAGES,
        share=settings.double_review_share,
        passages=len(units),
        rows=agreements(units),
        gold=gold_standings(session) if at.may_lead else [],
    )


@router.post("/assessments/{assessment_id}/gold")
def mark_gold(assessment_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Make a passage a gold case, change its verdict, or make it an ordinary one again."""
    at.signed_in.actor.must("lead")
    act, verdict = one(form, "act"), one(form, "verdict")
    if act not in {"keep", "remove"} or (act == "keep" and verdict not in SETTLED):
        raise Invalid(_("a gold case needs a settled verdict, one of %(verdicts)s", verdicts=", ".join(SETTLED)))
    with writing(sessions) as session:
        if session.get(Assessment, assessment_id) is None:
            raise NotFound(_("there is no passage %(id)s", id=assessment_id))
        known = session.get(GoldCase, assessment_id)
        if act == "remove" and known is not None:
            session.delete(known)
        elif act == "keep" and known is not None:
            known.verdict = verdict
        elif act == "keep":
            session.add(
                GoldCase(assessment_id=assessment_id, verdict=verdict, created_by=at.account_id, created_at=now)
            )
        details = {"verdict": verdict if act == "keep" else None}
        audit.note(session, at.account_id, "gold.changed", now, about=("assessment", assessment_id), details=details)
    return see_other(f"/assessments/{assessment_id}")
