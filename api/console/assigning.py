"""A lead hands a passage to a reviewer."""

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import audit, leases
from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.rendering import see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Id, Now
from api.errors import Conflict, Invalid, NotFound
from models.account import Account
from models.assessment import Assessment
from models.database import writing

MOST = 200

router = APIRouter(route_class=ConsoleRoute)


@router.post("/assessments/{assessment_id}/assign")
def assign(assessment_id: Id, at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Keep a passage for one reviewer."""
    at.signed_in.actor.must("lead")
    chosen = one(form, "reviewer")
    with writing(sessions) as session:
        if session.get(Assessment, assessment_id) is None:
            raise NotFound(_("there is no passage %(id)s", id=assessment_id))
        if chosen not in {key for key, _ in reviewers(session)}:
            raise Invalid(_("choose somebody who may decide"))
        if not leases.assign(session, assessment_id, int(chosen), at.account_id, now):
            raise Conflict(_("somebody has this passage in front of them now; try again in a while"))
        about = ("assessment", assessment_id)
        audit.note(session, at.account_id, "passage.assigned", now, about=about, details={"to": int(chosen)})
    return see_other(f"/assessments/{assessment_id}")


def reviewers(session: Session) -> list[tuple[str, str]]:
    """Return who may decide, as (id, name), by name."""
    query = select(Account.id, Account.name).where(
        Account.role.in_(("reviewer", "lead", "admin")), Account.disabled_at.is_(None)
    )
    return [(str(key), name) for key, name in session.execute(query.order_by(Account.name).limit(MOST))]
