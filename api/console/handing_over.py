"""What leaves the console as a file: a search of the queue for a spreadsheet, a case as an evidence bundle.

Who took what out is kept in the audit log before the first byte goes.
"""

from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api import audit, export
from api.console.desk import At, ConsoleRoute, Desk
from api.console.narrowing import Narrowing, read_narrowing
from api.console.queue import MOST_ROWS
from api.console.rendering import HEADERS
from api.dependencies import AllSessions, CurrentSettings, Id, Now
from api.handover import hand_over
from api.queue import QueueFilters, decided_by, details, find_ids
from api.settings import Settings
from models.database import Sessions, reading
from models.review import Review

BATCH = 250
BLIND = {"status": "reviewed", "flagged_now": None, "labels_now": None}

router = APIRouter(route_class=ConsoleRoute)


@router.get("/queue/export")
def export_search(request: Request, at: At, *, sessions: AllSessions, now: Now) -> StreamingResponse:
    """Give what this search finds, in its order, as CSV or as a workbook; no cell of either is a formula."""
    narrowing = read_narrowing(request.query_params)
    form: Literal["csv", "xlsx"] = "xlsx" if request.query_params.get("format") == "xlsx" else "csv"
    about = {"what": "assessments", "format": form, "search": narrowing.query()[:500]}
    audit.note_apart(sessions, at.account_id, "text.exported", now, details=about)
    asked = narrowing.asked(at.account_id, thirds=at.may_lead)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="tocsin-queue.{form}"'}
    made = export.sheet(form, export.ASSESSMENT_COLUMNS, found_rows(sessions, at, asked, narrowing))
    return StreamingResponse(made, media_type=export.TYPES[form], headers=headers)


@router.get("/assessments/{assessment_id}/bundle")
def bundle_passage(
    assessment_id: Id, at: At, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Pack one passage to hand over."""
    return packed(sessions, settings, at, now, assessment_id=assessment_id)


@router.get("/alerts/{alert_id}/bundle")
def bundle_alert(alert_id: Id, at: At, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Pack one alert, with all that it rests on, to hand over."""
    return packed(sessions, settings, at, now, alert_id=alert_id)


def found_rows(sessions: Sessions, at: Desk, asked: QueueFilters, narrowing: Narrowing) -> Iterator[list[export.Row]]:
    """Yield what a search finds, a batch and a transaction at a time.

    Whoever may still decide about a passage is not told what others decided, here as in the list.
    """
    cursor, left = None, MOST_ROWS
    while left > 0:
        with reading(sessions) as session:
            ids, cursor = find_ids(session, asked, narrowing.order, cursor, min(BATCH, left))
            own = set(session.scalars(decided_by(at.account_id).where(Review.assessment_id.in_(ids))))
            found = details(session, ids)
        yield [
            export.assessment_cells(one) | (BLIND if at.may_review and one.assessment.id not in own else {})
            if one.assessment.status != "unreviewed"
            else export.assessment_cells(one)
            for one in found
        ]
        left -= len(ids)
        if cursor is None:
            return


def packed(
    sessions: Sessions,
    settings: Settings,
    at: Desk,
    now: Now,
    *,
    alert_id: int | None = None,
    assessment_id: int | None = None,
) -> Response:
    """Return a bundle as a file; raises NotFound for what is not there, NotAllowed for who is no administrator."""
    at.signed_in.actor.must("admin")
    who = (at.account_id, at.name)
    name, made = hand_over(sessions, settings, *who, now, alert_id=alert_id, assessment_id=assessment_id)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="application/zip", headers=headers)
