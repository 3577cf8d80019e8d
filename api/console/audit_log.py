"""The audit log as administrators read it: who read and did what, latest first, narrowed by the address."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from api.console import words
from api.console.desk import At, ConsoleRoute, clean
from api.console.rendering import page
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import ReadSession
from api.pagination import after, write_cursor
from models.account import Account
from models.audit import ACTIONS, AuditEvent

ON_A_PAGE = 100
SPOKEN = Spoken(
    {
        "text.read": "read a text",
        "text.read_marked": "read a marked text",
        "text.listed": "saw short texts whole in a list",
        "text.exported": "exported texts",
        "text.sent": "had words of a text sent to another machine",
        "review.decided": "decided",
        "review.withdrawn": "took a decision back",
        "passage.assigned": "assigned a passage",
        "gold.changed": "changed a gold case",
        "gazetteer.changed": "changed a group's names",
        "lexicon.changed": "changed the lexicon",
        "rule.changed": "changed a rule",
        "silence.changed": "began or ended a silence",
        "inhibition.changed": "began or ended an inhibition",
        "quarantine.released": "released from quarantine",
        "source.acknowledged": "looked at what changed about a source",
        "session.opened": "signed in",
        "session.refused": "tried to sign in and was refused",
        "session.ended": "ended a session",
        "link.created": "made a sign-in link",
        "password.changed": "changed a password",
        "second_factor.changed": "changed a second factor",
        "second_factor.recovery_used": "used a recovery code",
        "identity.changed": "changed who somebody is elsewhere",
        "token.created": "made a token",
        "token.revoked": "revoked a token",
        "account.changed": "changed an account",
    }
)
# Who acts where nobody is signed in.
NOBODY = Spoken({"session.refused": "nobody signed in", "text.sent": "the worker"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/audit")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """Show one page of events; `who`, `action` and `about` (as in assessment:12) narrow it."""
    at.signed_in.actor.must("admin")
    asked = {name: clean(request.query_params.get(name, ""))[:100] for name in ("who", "action", "about")}
    query = select(AuditEvent, Account.name).outerjoin(Account, Account.id == AuditEvent.account_id)
    if asked["who"]:
        query = query.where(Account.name == asked["who"])
    if asked["action"] in ACTIONS:
        query = query.where(AuditEvent.action == asked["action"])
    kind, _colon, number = asked["about"].partition(":")
    if kind:
        query = query.where(AuditEvent.subject == kind)
    if number.isascii() and number.isdigit() and len(number) < 19:
        query = query.where(AuditEvent.subject_id == int(number))
    beyond = after(request.query_params.get("cursor") or None, "audit", AuditEvent.id)
    if beyond is not None:
        query = query.where(beyond)
    rows = session.execute(query.order_by(AuditEvent.id.desc()).limit(ON_A_PAGE + 1)).all()
    last = rows[ON_A_PAGE - 1][0] if len(rows) > ON_A_PAGE else None
    return page(
        "audit.html",
        desk=at,
        asked=asked,
        spoken=SPOKEN,
        subjects=words.SUBJECTS,
        events=[(event, name or NOBODY.get(event.action) or _("the command line")) for event, name in rows[:ON_A_PAGE]],
        cursor=write_cursor("audit", last.id) if last else "",
    )
