"""Reviewers beside the gold cases: how often each agreed, label by label, and whether that has changed lately.

The first decision of each reviewer about each case counts, because later ones were made knowing. Nobody is measured by
a case that they made, or practised on before. Intervals are Wilson's (1927); that of a change is Newcombe's (1998,
method 10), which is made of two of them. It knows no page.
"""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, false, select
from sqlalchemy.orm import Session

from api.agreement import wilson
from api.reviews import MACHINE_MARKS
from models.account import Account
from models.assessment import Assessment
from models.codebook import SIGNALS
from models.review import VERDICTS, GoldCase, PracticeAnswer, Review

LATELY = dt.timedelta(days=30)
LABELS = ("verdict", *SIGNALS)
FEWEST = 5  # cases on each side, before a change is told


@dataclass(frozen=True)
class Answered:
    """A reviewer's first decision about a gold case, and what is settled; signals are None where nobody can say."""

    name: str
    at: dt.datetime
    verdict: str
    settled: str
    signals: frozenset[str] | None
    settled_signals: frozenset[str] | None

    def agrees(self, label: str) -> bool | None:
        """Whether it agrees on the verdict, or on whether a signal applies; None where that cannot be compared."""
        if label == "verdict":
            return self.verdict == self.settled
        if self.signals is None or self.settled_signals is None:
            return None
        return (label in self.signals) == (label in self.settled_signals)


@dataclass(frozen=True)
class Share:
    """How many of some decisions agreed, with the 95% interval of the share."""

    agreed: int
    decided: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The part that agreed; 0 of none."""
        return self.agreed / self.decided if self.decided else 0.0


@dataclass(frozen=True)
class Standing:
    """One reviewer beside the gold cases, over all time (`month` empty) or in one month (`2026-03`)."""

    name: str
    label: str
    month: str
    share: Share


@dataclass(frozen=True)
class Drift:
    """One reviewer and one label: the last days beside the time before, and the change with its 95% interval.

    The change and its interval are None while either side rests on too few cases.
    """

    name: str
    label: str
    before: Share
    lately: Share
    change: float | None
    low: float | None
    high: float | None

    @property
    def moved(self) -> bool:
        """Whether chance alone seldom explains the change."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def answered(session: Session) -> list[Answered]:
    """Return the first decisions about gold cases, the oldest first."""
    practised = exists().where(
        PracticeAnswer.account_id == Review.reviewer_id,
        PracticeAnswer.assessment_id == Review.assessment_id,
        PracticeAnswer.at < Review.created_at,
    )
    query = (
        select(Review, Account.name, GoldCase, Assessment.details)
        .join(GoldCase, GoldCase.assessment_id == Review.assessment_id)
        .join(Assessment, Assessment.id == Review.assessment_id)
        .join(Account, Account.id == Review.reviewer_id)
        .where(GoldCase.created_by != Review.reviewer_id, GoldCase.training == false(), ~practised)
        .where(Review.verdict.in_(VERDICTS))
        .order_by(Review.id)
    )
    first: dict[tuple[int, int], Answered] = {}
    for review, name, gold, details in session.execute(query):
        said = said_signals(review.verdict, review.signals, _machine_signals(details))
        settled = None if gold.signals is None else frozenset(gold.signals)
        # A rejected case carries no signal, whoever forgot to say so.
        settled = frozenset() if gold.verdict == "rejected" else settled
        found = Answered(name, review.created_at, review.verdict, gold.verdict, said, settled)
        first.setdefault((review.reviewer_id, review.assessment_id), found)
    return list(first.values())


def said_signals(verdict: str, corrected: Sequence[str] | None, machine: Iterable[str]) -> frozenset[str] | None:
    """Return the signals that a decision says apply; None for an unsure one."""
    if verdict == "unsure":
        return None
    if verdict == "rejected":
        return frozenset()
    return frozenset(machine if corrected is None else corrected)


def standings(found: Sequence[Answered]) -> list[Standing]:
    """Return each reviewer's agreement with the verdicts over all time, by name."""
    return [Standing(name, "verdict", "", share_of(rows, "verdict")) for name, rows in _by_name(found)]


def monthly(found: Sequence[Answered]) -> list[Standing]:
    """Return each reviewer's agreement by label and month, where anything could be compared."""
    made = []
    for name, rows in _by_name(found):
        months: dict[str, list[Answered]] = defaultdict(list)
        for one in rows:
            months[f"{one.at.astimezone(dt.UTC):%Y-%m}"].append(one)
        made += [
            Standing(name, label, month, share_of(some, label))
            for label in LABELS
            for month, some in sorted(months.items())
        ]
    return [one for one in made if one.share.decided]


def drifts(found: Sequence[Answered], now: dt.datetime) -> list[Drift]:
    """Return what has changed for each reviewer and label that was compared in both stretches of time."""
    made = []
    for name, rows in _by_name(found):
        old = [one for one in rows if one.at <= now - LATELY]
        new = [one for one in rows if one.at > now - LATELY]
        made += [drift(name, label, share_of(old, label), share_of(new, label)) for label in LABELS]
    return [one for one in made if one.before.decided and one.lately.decided]


def drift(name: str, label: str, before: Share, lately: Share) -> Drift:
    """Return the change from one stretch to the other."""
    if min(before.decided, lately.decided) < FEWEST:
        return Drift(name, label, before, lately, None, None, None)
    return Drift(name, label, before, lately, *difference(lately, before))


def difference(one: Share, other: Share) -> tuple[float, float, float]:
    """Return one share less the other, with Newcombe's interval (method 10, without continuity correction)."""
    gap = one.share - other.share
    low = gap - math.hypot(one.share - one.low, other.high - other.share)
    high = gap + math.hypot(one.high - one.share, other.share - other.low)
    return gap, max(-1.0, low), min(1.0, high)


def share_of(rows: Iterable[Answered], label: str) -> Share:
    """Count those that agree on a label among those that can be compared."""
    return counted(agrees for one in rows if (agrees := one.agrees(label)) is not None)


def counted(outcomes: Iterable[bool]) -> Share:
    """Count how many of some outcomes are good, with the interval of their share."""
    known = list(outcomes)
    return Share(sum(known), len(known), *wilson(sum(known), len(known)))


def _by_name(found: Sequence[Answered]) -> list[tuple[str, list[Answered]]]:
    names: dict[str, list[Answered]] = defaultdict(list)
    for one in found:
        names[one.name].append(one)
    return sorted(names.items())


def _machine_signals(details: dict[str, list[tuple[str, str, float]]]) -> list[str]:
    return [key for kind, key, _ in details.get(MACHINE_MARKS, []) if kind == "signal"]
