"""The morning's briefing: what rose, whose the open alerts are, how old the queue is, and what the model can read.

It gathers figures for the overview; each leads on into the explorer, the queue or the list that it was counted from.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.console import words
from api.console.about import languages
from api.console.explored import stamp
from api.console.exploring import Question
from api.console.narrowing import Narrowing
from api.console.translation import gettext as _
from models.account import Account
from models.alert import Alert
from models.assessment import Assessment
from models.review import WITHDRAWN, Review
from models.source import Source
from warn import rising
from warn.settings import WarnSettings

NOBODY = ""
MODERATE = 40  # below it a quoted call, or hostility without violence
MOST_NAMES = 8


@dataclass(frozen=True)
class RisingRow:
    """One line of "what rose": its name, both comparisons, and where to look further."""

    name: str
    day: rising.Change
    week: rising.Change
    explore: str
    queue: str


@dataclass(frozen=True)
class QueueAge:
    """How long flagged passages have waited, and what was done today (UTC)."""

    waiting: int = 0
    oldest: dt.datetime | None = None
    median: dt.datetime | None = None
    reviewed_today: int = 0
    reviewers_today: int = 0


@dataclass(frozen=True)
class Coverage:
    """What came in against what the model was measured on; shares are of the latest texts."""

    model: str
    broken: str
    texts: int
    validated: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    in_validated: float = 0.0
    abstained: float = 0.0


def what_rose(session: Session, now: dt.datetime) -> tuple[list[tuple[str, list[RisingRow]]], RisingRow]:
    """Return the sections of "what rose" that hold anything, and the line of everything."""
    found = rising.rising(session, now)
    sections = [
        (heading, [rising_row(row, found.until) for row in found.rows[dimension]])
        for dimension, heading in (
            ("pathway", _("By pathway")),
            ("target", _("By target")),
            ("target_name", _("By group named")),
            ("country", _("By country")),
        )
        if found.rows[dimension]
    ]
    return sections, rising_row(found.total, found.until)


def rising_row(row: rising.Row, until: dt.datetime) -> RisingRow:
    """Return one line; the explorer and the queue open on the last week of the same series."""
    asked, narrowing = Question(days="7"), {}
    if row.dimension == "pathway":
        asked, narrowing = Question(label=(f"pathway:{row.value}",), days="7"), {"pathway": row.value}
    elif row.dimension != "all":
        asked, narrowing = Question(by=row.dimension, pick=(row.value,), days="7"), {row.dimension: row.value}
    spoken = {"pathway": words.PATHWAYS, "target": words.TARGETS}.get(row.dimension, {})
    since = stamp(until - 7 * rising.DAY)
    return RisingRow(
        spoken.get(row.value, row.value) or _("Everything flagged"),
        row.day,
        row.week,
        f"/trends{asked.query()}",
        "/queue" + Narrowing(show="flagged", since=since, **narrowing).query(),
    )


def alerts_by_owner(
    session: Session, settings: WarnSettings
) -> tuple[list[tuple[str, str]], list[tuple[str, list[int]]]]:
    """Return the bands of severity (name, hint), and for each owner how many open alerts lie in each."""
    urgent = settings.escalate_min_severity
    bands = [
        (_("Urgent"), _("severity %(least)s and more", least=urgent)),
        (_("Serious"), _("%(least)s to %(most)s", least=min(MODERATE, urgent), most=urgent - 1)),
        (_("Other"), _("below %(least)s", least=min(MODERATE, urgent))),
    ]
    rows = session.execute(
        select(Account.name, Alert.severity).outerjoin_from(Alert, Account, Account.id == Alert.owner_id)
        .where(Alert.state != "resolved")
    )  # fmt: skip
    counted: dict[str, Counter[int]] = {}
    for name, severity in rows:
        band = 0 if severity >= urgent else 1 if severity >= MODERATE else 2
        counted.setdefault(name or NOBODY, Counter())[band] += 1
    ordered = sorted(counted.items(), key=lambda one: (one[0] != NOBODY, -sum(one[1].values()), one[0]))
    return bands, [(name or _("nobody yet"), [counts[band] for band in range(len(bands))]) for name, counts in ordered]


def queue_age(session: Session, now: dt.datetime) -> QueueAge:
    """Return how old the queue is; a passage waits from the moment it was assessed."""
    waits = (Assessment.current, Assessment.flagged_now, Assessment.status == "unreviewed")
    waiting = session.scalar(select(func.count()).select_from(Assessment).where(*waits)) or 0
    ids = select(Assessment.id).where(*waits).order_by(Assessment.id)
    places = {"oldest": 0, "median": (waiting - 1) // 2}
    found = {
        name: session.scalar(
            select(Assessment.assessed_at).where(Assessment.id == ids.offset(place).limit(1).scalar_subquery())
        )
        for name, place in places.items()
        if waiting
    }
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    done = select(func.count(Review.assessment_id.distinct()), func.count(Review.reviewer_id.distinct())).where(
        Review.created_at >= today, Review.verdict != WITHDRAWN
    )
    reviewed, reviewers = session.execute(done).one()
    return QueueAge(waiting, found.get("oldest"), found.get("median"), reviewed, reviewers)


def sources_by_state(session: Session) -> list[tuple[str, int]]:
    """Return how many sources are in each state, those switched off as `paused`, the most first."""
    counted: Counter[str] = Counter()
    rows = session.execute(select(Source.enabled, Source.state, func.count()).group_by(Source.enabled, Source.state))
    for enabled, state, count in rows:
        counted[state if enabled else "paused"] += count
    return counted.most_common()


def coverage(session: Session, card: Mapping[str, Any], broken: str) -> Coverage:
    """Return how much of what came in lately is in a language that the model was measured in."""
    seen = [one for one in languages(session, card.get("languages") or {}) if one.texts]
    texts = sum(one.texts for one in seen)
    return Coverage(
        model=str(card.get("model", "")),
        broken=broken,
        texts=texts,
        validated=_first([one.code for one in seen if one.validated]),
        others=_first([one.code for one in seen if not one.validated]),
        in_validated=sum(one.texts for one in seen if one.validated) / texts if texts else 0.0,
        abstained=sum(one.abstained for one in seen) / texts if texts else 0.0,
    )


def _first(codes: Sequence[str]) -> list[str]:
    return [
        *codes[:MOST_NAMES],
        *([_("and %(count)s more", count=len(codes) - MOST_NAMES)] if len(codes) > MOST_NAMES else []),
    ]
