"""Write down who read and did what, and count how much of the worst one reviewer has opened lately.

An event is written in the transaction of what it tells of; the reading of a text has a transaction of its own. It knows
no page.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.assessment import Assessment
from models.audit import ACTIONS, AuditEvent
from models.database import Sessions, writing

LOG = logging.getLogger(__name__)
EXPOSURE_WINDOW = dt.timedelta(hours=1)
READ, MARKED, LISTED = "text.read", "text.read_marked", "text.listed"


def note(
    session: Session,
    account_id: int | None,
    action: str,
    now: dt.datetime,
    *,
    about: tuple[str, int] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Keep that somebody did `action`, one of ACTIONS, `about` a (kind of row, id); raises ValueError on another."""
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action of the audit log; add it to models/audit.py")
    subject, subject_id = about or (None, None)
    event = AuditEvent(
        at=now,
        account_id=account_id,
        action=action,
        subject=subject,
        subject_id=subject_id,
        details=dict(details or {}),
    )
    session.add(event)
    session.flush()


def note_reading(
    sessions: Sessions, account_id: int, about: tuple[str, int], now: dt.datetime, *, marked: bool
) -> None:
    """Keep that somebody was shown a full text; a full disk or a busy database keeps nobody from reading.

    Call without a transaction open: two connections for one request could use up the pool among many.
    """
    note_apart(sessions, account_id, MARKED if marked else READ, now, about=about)


def note_listing(sessions: Sessions, account_id: int, assessment_ids: Sequence[int], now: dt.datetime) -> None:
    """Keep which texts a list showed whole, because they are as short as what a list shows; none is no event.

    Call without a transaction open.
    """
    if assessment_ids:
        note_apart(sessions, account_id, LISTED, now, details={"assessments": list(assessment_ids)})


def note_apart(
    sessions: Sessions,
    account_id: int | None,
    action: str,
    now: dt.datetime,
    *,
    about: tuple[str, int] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Keep an event in a transaction of its own; where that fails, the service's log says so instead."""
    try:
        with writing(sessions) as session:
            note(session, account_id, action, now, about=about, details=details)
    except OperationalError:
        # Without the traceback, which holds statements.
        LOG.error("the audit log could not take up %s by account %s, about %s", action, account_id, about)  # noqa: TRY400


def is_marked(assessment: Assessment) -> bool:
    """Whether reading this weighs on a person: it was flagged, or nobody can say what it holds."""
    return assessment.flag or assessment.flagged_now or assessment.abstained


def exposure(session: Session, account_id: int, now: dt.datetime) -> int:
    """Count the marked passages that a reviewer has opened within the last hour, each of them once."""
    opened = select(func.count(AuditEvent.subject_id.distinct())).where(
        AuditEvent.account_id == account_id, AuditEvent.action == MARKED, AuditEvent.at > now - EXPOSURE_WINDOW
    )
    return session.scalar(opened) or 0
