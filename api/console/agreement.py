"""How far reviewers agree with each other and with the gold cases, and which passages are gold."""

import datetime as dt
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api import audit, gold
from api.agreement import FEWEST_PASSAGES, agreements, units_of
from api.console import words
from api.console.desk import At, ConsoleRoute, Posted, many, one
from api.console.rendering import HEADERS, page, see_other
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from api.export import csv_writer
from models.assessment import Assessment
from models.codebook import SIGNALS
from models.database import writing
from models.review import GoldCase

VERDICT = Spoken({"verdict": "Verdict"})
SETTLED = ("confirmed", "rejected")
LONGEST_REASON = 5_000
COLUMNS = ("reviewer", "label", "month", "agreed", "decided", "share", "low", "high")

router = APIRouter(route_class=ConsoleRoute)


@router.get("/agreement")
def show(request: Request, at: At, session: ReadSession, settings: CurrentSettings, now: Now) -> Response:
    """Show alpha by label and language; single reviewers beside the gold cases for leads alone.

    `format=csv` gives those as a file.
    """
    at.signed_in.actor.must("review")
    measured = gold.answered(session) if at.may_lead else []
    if request.query_params.get("format") == "csv":
        at.signed_in.actor.must("lead")
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="gold.csv"'}
        return Response(as_csv(gold.monthly(measured)), media_type="text/csv; charset=utf-8", headers=headers)
    units = units_of(session)
    return page(
        "agreement.html",
        desk=at,
        labels_of={**VERDICT, **words.SIGNALS},
        fewest=FEWEST_PASSAGES,
        share=settings.double_review_share,
        passages=len(units),
        rows=agreements(units),
        gold=gold.standings(measured),
        drifts=gold.drifts(measured, now),
        months=[row for row in gold.monthly(measured) if row.label == "verdict"],
        days=gold.LATELY.days,
        fewest_cases=gold.FEWEST,
    )


def as_csv(rows: Sequence[gold.Standing]) -> str:
    """Return each reviewer's agreement with the gold cases by label and month, as a spreadsheet may safely open it."""
    write = csv_writer(COLUMNS)
    lines = [write({name: name for name in COLUMNS})]
    for row in rows:
        figures = {"agreed": row.share.agreed, "decided": row.share.decided, "share": round(row.share.share, 4)}
        figures |= {"low": round(row.share.low, 4), "high": round(row.share.high, 4)}
        lines.append(write({"reviewer": row.name, "label": row.label, "month": row.month} | figures))
    return "".join(lines)


@router.post("/assessments/{assessment_id}/gold")
def mark_gold(assessment_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Make a passage a gold case, change what is settled about it, or make it an ordinary one again."""
    at.signed_in.actor.must("lead")
    act, verdict = one(form, "act"), one(form, "verdict")
    if act not in {"keep", "remove"} or (act == "keep" and verdict not in SETTLED):
        raise Invalid(_("a gold case needs a settled verdict, one of %(verdicts)s", verdicts=", ".join(SETTLED)))
    with writing(sessions) as session:
        if session.get(Assessment, assessment_id) is None:
            raise NotFound(_("there is no passage %(id)s", id=assessment_id))
        if act == "keep":
            kept = _kept(session, assessment_id, at.account_id, now)
            kept.verdict = verdict
            _settle(kept, form)
        elif (known := session.get(GoldCase, assessment_id)) is not None:
            session.delete(known)
        details = {"verdict": verdict if act == "keep" else None, "training": one(form, "training") == "on"}
        audit.note(session, at.account_id, "gold.changed", now, about=("assessment", assessment_id), details=details)
    return see_other(f"/assessments/{assessment_id}")


def _kept(session: Session, assessment_id: int, account_id: int, now: dt.datetime) -> GoldCase:
    known = session.get(GoldCase, assessment_id)
    if known is None:
        known = GoldCase(assessment_id=assessment_id, verdict="", created_by=account_id, created_at=now)
        session.add(known)
    return known


def _settle(case: GoldCase, form: FormData) -> None:
    """Take over what the form says of labels, reason and training; where it shows no labels, none are settled."""
    ticked = many(form, "signals")
    shown = one(form, "labels") == "shown" and case.verdict == "confirmed"
    case.signals = [key for key in SIGNALS if key in ticked] if shown else None
    case.reason = one(form, "reason")[:LONGEST_REASON] or None
    case.training = one(form, "training") == "on"
