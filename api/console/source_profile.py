"""The source of a passage, as its reader needs it: who publishes there, and what came from there lately.

Counted from the days' tallies, three short reads along a key. What a source is suspected of nobody says here: figures
of one month are no verdict on a publisher.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.source import POLLED_KINDS, Source
from models.tally import TallyDay, day_of
from warn.tally import ANY, VOLUME

DAYS = 30


@dataclass(frozen=True)
class Profile:
    """A source, and the documents of its last days: read, flagged, and confirmed by people."""

    row: Source
    days: int
    read: int
    flagged: int
    confirmed: int

    @property
    def share(self) -> float:
        """The part of what was read that is flagged."""
        return self.flagged / self.read if self.read else 0.0

    @property
    def polled(self) -> bool:
        """Whether it is asked for news, so that its state says something."""
        return self.row.kind in POLLED_KINDS


def profile_of(session: Session, source: Source, now: dt.datetime) -> Profile:
    """Return what a passage's page tells of its source."""
    query = (
        select(TallyDay.label, func.sum(TallyDay.documents), func.sum(TallyDay.confirmed))
        .where(
            TallyDay.label.in_((ANY, VOLUME)),
            TallyDay.dimension == "source",
            TallyDay.value == str(source.id),
            TallyDay.country == "",
            TallyDay.day > day_of(now) - dt.timedelta(days=DAYS),
        )
        .group_by(TallyDay.label)
    )
    found = {label: (documents, confirmed) for label, documents, confirmed in session.execute(query)}
    flagged, confirmed = found.get(ANY, (0, 0))
    return Profile(source, DAYS, int(found.get(VOLUME, (0, 0))[0]), int(flagged), int(confirmed))
