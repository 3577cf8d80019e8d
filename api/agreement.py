"""How far reviewers agree with each other: Krippendorff's alpha by label and language.

The coefficient is that of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), for nominal data: any
number of reviewers, answers may be missing. Intervals are Wilson's (1927). It knows no page.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.reviews import MACHINE_MARKS, standing
from models.assessment import Assessment
from models.codebook import SIGNALS
from models.review import Review

MOST_PASSAGES = 5_000  # the latest that several people decided about
FEWEST_PASSAGES = 10  # below this a coefficient says next to nothing
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Agreement:
    """Alpha of one label in one language (empty for all); None where too few passages were decided twice."""

    label: str
    language: str
    passages: int
    alpha: float | None


@dataclass(frozen=True)
class Unit:
    """One passage with what its reviewers said: verdicts, and for each signal whether it applies."""

    language: str
    verdicts: tuple[str, ...]
    signals: tuple[frozenset[str], ...]


def alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Return nominal alpha over units, each the answers that were given; None when nothing varies or nothing pairs.

    1 is perfect agreement, 0 what chance gives, below 0 is systematic disagreement.
    """
    coincidences: Counter[tuple[Hashable, Hashable]] = Counter()
    for answers in units:
        if len(answers) < 2:
            continue
        counts = Counter(answers)
        for one, times in counts.items():
            for other, others in counts.items():
                pairs = times * (others - (one == other))
                coincidences[one, other] += pairs / (len(answers) - 1)  # type: ignore[assignment]  # weights, not counts
    totals: Counter[Hashable] = Counter()
    for (one, _), weight in coincidences.items():
        totals[one] += weight
    everything = sum(totals.values())
    expected = everything**2 - sum(total**2 for total in totals.values())
    if everything <= 1 or expected == 0:
        return None
    observed = everything - sum(weight for (one, other), weight in coincidences.items() if one == other)
    return float(1 - (everything - 1) * observed / expected)


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's interval of a share; (0, 1) when there was no trial."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + z * z / (2 * trials)
    reach = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def agreements(units: Sequence[Unit]) -> list[Agreement]:
    """Return alpha of the verdict and of each signal, over all languages first, then by language."""
    languages = ["", *sorted({unit.language for unit in units})]
    return [
        _agreement(label, language, [unit for unit in units if language in ("", unit.language)])
        for language in languages
        for label in ("verdict", *SIGNALS)
    ]


def units_of(session: Session) -> list[Unit]:
    """Return the latest passages that several people decided about."""
    several = (
        select(Review.assessment_id)
        .group_by(Review.assessment_id)
        .having(func.count(Review.reviewer_id.distinct()) > 1)
        .order_by(func.max(Review.id).desc())
        .limit(MOST_PASSAGES)
    )
    ids = session.scalars(several).all()
    units = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        reviews: dict[int, list[Review]] = {}
        for review in session.scalars(select(Review).where(Review.assessment_id.in_(some)).order_by(Review.id)):
            reviews.setdefault(review.assessment_id, []).append(review)
        for assessment in session.scalars(select(Assessment).where(Assessment.id.in_(some))):
            counted = standing(reviews[assessment.id])
            said = [frozenset(_signals(assessment, one)) for one in counted if one.verdict != "unsure"]
            units.append(Unit(assessment.language, tuple(one.verdict for one in counted), tuple(said)))
    return units


def _agreement(label: str, language: str, units: Sequence[Unit]) -> Agreement:
    answers: list[list[Hashable]] = [
        list(unit.verdicts) if label == "verdict" else [label in said for said in unit.signals] for unit in units
    ]
    paired = sum(len(one) > 1 for one in answers)
    return Agreement(label, language, paired, alpha(answers) if paired >= FEWEST_PASSAGES else None)


def _signals(assessment: Assessment, review: Review) -> list[str]:
    """Return the signals that a decided review leaves standing."""
    if review.verdict == "rejected":
        return []
    if review.signals is not None:
        return review.signals
    return [key for kind, key, _ in assessment.details.get(MACHINE_MARKS, []) if kind == "signal"]
