"""Tell the operator which sources have been in trouble for long, and which are well again.

It goes to operational endpoints, because it is news about the installation and none about the world: many sources of
one country that go dark together are a rule's business (`dark.py`). Each trouble is told once, when it has lasted.
"""

import datetime as dt
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.database import Sessions, writing
from models.delivery import Webhook
from models.source import Source, long_troubled
from warn import notify

TROUBLE, WELL_AGAIN = "source.trouble", "source.recovered"
MOST = 50  # sources in one message; the others are counted


def tell_of_sources(sessions: Sessions, lasting: dt.timedelta, now: dt.datetime) -> int:
    """Owe operational endpoints one message on trouble that has lasted, and one on its end; return how many sources.

    Without such an endpoint nothing counts as told, so that one that is added later learns what is wrong by then.
    """
    with writing(sessions) as session:
        told = select(Webhook).where(Webhook.operational, Webhook.enabled).order_by(Webhook.id)
        if not session.scalars(told.limit(1)).first():
            return 0
        ill = _marked(session, Source.told_at.is_(None) & long_troubled(now, lasting), now)
        well = _marked(session, Source.told_at.is_not(None) & or_(Source.state == "ok", ~Source.enabled), None)
        for webhook in session.scalars(told):
            for event, sources in ((TROUBLE, ill), (WELL_AGAIN, [source for source in well if source.enabled])):
                if sources:
                    notify.write(session, webhook, event, message(event, sources, now), now)
    return len(ill) + len(well)


def _marked(session: Session, condition: Any, told_at: dt.datetime | None) -> list[Source]:
    """Mark the sources that meet the condition and return them; of two workers only one gets each."""
    marking = update(Source).where(condition).values(told_at=told_at).returning(Source.id)
    ids = session.scalars(marking.execution_options(synchronize_session=False)).all()
    return list(session.scalars(select(Source).where(Source.id.in_(ids)).order_by(Source.state_since, Source.id)))


def message(event: str, sources: list[Source], now: dt.datetime) -> dict[str, Any]:
    """Return the message: what is the matter with each source, since when, why, and when it is asked again."""
    shown = [_source(source) for source in sources[:MOST]]
    lines = [
        f"{one['name']}: {one['state']} since {one['since']}"
        + (f" ({one['reason']})" if one["reason"] else "")
        + (f"; next try {one['next_due_at']}, {one['due_reason']}" if one["next_due_at"] else "")
        for one in shown
    ]
    if len(sources) > MOST:
        lines.append(f"and {len(sources) - MOST} more")
    count = "one source" if len(sources) == 1 else f"{len(sources)} sources"
    title = f"{count} in trouble" if event == TROUBLE else f"{count} well again"
    data = {
        "title": title,
        "summary": "\n".join(lines),
        "url": "/sources",
        "count": len(sources),
        "sources": shown,
    }
    return {"type": event, "timestamp": notify.rfc3339(now), "data": data}


def _source(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "state": source.state,
        "since": notify.rfc3339(source.state_since) if source.state_since else None,
        "reason": source.state_reason,
        "next_due_at": notify.rfc3339(source.next_due_at) if source.next_due_at else None,
        "due_reason": source.due_reason,
    }
