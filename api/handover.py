"""A case leaves the house: packed with the log's head, and noted in the audit log before anybody has it."""

import datetime as dt

from api import audit, bundle, checkpoints
from api.settings import Settings
from ingest import log
from models.database import Sessions, reading


def hand_over(
    sessions: Sessions,
    settings: Settings,
    account_id: int | None,
    by: str,
    now: dt.datetime,
    *,
    alert_id: int | None = None,
    assessment_id: int | None = None,
) -> tuple[str, bytes]:
    """Return a file name and the evidence bundle of an alert or else of an assessment; raises NotFound or Conflict."""
    with reading(sessions) as session:
        head = log.head(session)
        packed = bundle.build(
            session,
            alert_id=alert_id,
            assessment_id=assessment_id,
            head=head,
            signed=checkpoints.signed(settings.evidence_key, settings.log_origin, head),
            origin=settings.base_url,
            by=by,
            now=now,
        )
    # The transaction that read is over before the log's own begins.
    kind, number = ("alert", alert_id) if alert_id is not None else ("assessment", assessment_id or 0)
    audit.note_apart(sessions, account_id, "text.exported", now, about=(kind, number), details={"what": "bundle"})
    return f"tocsin-{kind}-{number}.zip", packed
