"""Take a person's decision about an assessment, and make it what holds.

The machine's reading is never changed: a review writes down who decided what and when; the assessment's status, its
marks and `flagged_now` then follow from the machine's reading and the latest review of each reviewer. A decision taken
back is followed by a review that says so, and what its reviewer decided before holds again. This module knows no form
and no HTTP; the console and the API both come here.

    api.errors.Invalid  <- ReviewInvalid      what was decided cannot be kept; `place` names the field
    api.errors.Conflict <- ReviewConflict     somebody decided since the page was opened; carries both decisions
    api.errors.Conflict <- NothingToWithdraw  this reviewer has no decision here that counts
    api.errors.NotFound <- AssessmentUnknown  there is no such assessment
"""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.errors import Conflict, Invalid, NotFound
from classify.labels import PATHWAY_SIGNALS
from models.assessment import Assessment, Mark
from models.codebook import PATHWAYS, SIGNALS, STAGES, STANCES, TARGETS
from models.review import HALLMARKS, TIERS, VERDICTS, WITHDRAWN, WORKSHEET_PARTS, Review
from models.tally import mark_changed
from warn.alerts import reviewed

MAX_NOTE = 5_000
MAX_NAMES = 20
MAX_NAME = 100
# Where the machine's marks are kept in `Assessment.details` once the marks in the table are a person's.
MACHINE_MARKS = "machine_marks"


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided; a correction that is None means "as the machine said".

    `last_review_id` is the newest review that the reviewer's page knew of, 0 for none; None decides without looking.
    A part of the worksheet is `{"met": true, false or null, "note": text}`.
    """

    verdict: str
    signals: list[str] | None = None
    stage: int | None = None
    stance: str | None = None
    targets: list[str] | None = None
    target_names: list[str] | None = None
    worksheet: dict[str, Any] = field(default_factory=dict)
    tier: str | None = None
    hallmarks: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    note: str | None = None
    last_review_id: int | None = None


@dataclass(frozen=True)
class Holding:
    """What holds of an assessment now; `marks` maps (kind, key) to a probability."""

    status: str
    flagged: bool
    marks: dict[tuple[str, str], float]
    basis: str


class ReviewInvalid(Invalid):
    """What was decided cannot be kept as it is."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(detail)
        self.place = place


class AssessmentUnknown(NotFound):
    """There is no assessment with this id."""


class NothingToWithdraw(Conflict):
    """This reviewer has not decided here, or has taken it back already."""

    slug = "nothing_to_withdraw"


class ReviewConflict(Conflict):
    """Another decision came in since the reviewer looked."""

    slug = "review_conflict"

    def __init__(self, theirs: Review, yours: Decision) -> None:
        super().__init__(
            f"another decision ({theirs.verdict}) came in after this one ({yours.verdict}) was begun; look at both, "
            f"and send yours again with last_review_id {theirs.id} if it still stands"
        )
        self.theirs = theirs
        self.yours = yours


def add_review(session: Session, account_id: int, assessment_id: int, decision: Decision, now: dt.datetime) -> Review:
    """Keep `decision` and let it hold; call inside one writing transaction.

    Raises AssessmentUnknown, ReviewInvalid and, where `last_review_id` is stale, ReviewConflict. The same decision
    sent twice by one reviewer, as a double click does, is one review.
    """
    assessment = _locked(session, assessment_id)
    decision = checked(decision)
    newest = latest_review(session, assessment_id)
    if newest is not None and decision.last_review_id is not None and newest.id > decision.last_review_id:
        if newest.reviewer_id == account_id and says_the_same(newest, decision):
            return newest
        raise ReviewConflict(newest, decision)
    _check_confirmable(session, assessment, decision)
    values = asdict(decision)
    del values["last_review_id"]
    review = Review(assessment_id=assessment_id, reviewer_id=account_id, created_at=now, **values)
    session.add(review)
    session.flush()
    settle(session, assessment)
    reviewed(session, assessment_id)
    return review


def withdraw_review(session: Session, account_id: int, assessment_id: int, now: dt.datetime) -> Review:
    """Take this reviewer's last decision back; what they decided before it, if anything, holds again.

    Raises AssessmentUnknown and NothingToWithdraw. Nothing is deleted: the withdrawal is a review of its own.
    """
    assessment = _locked(session, assessment_id)
    if not any(review.reviewer_id == account_id for review in counted_reviews(session, assessment_id)):
        raise NothingToWithdraw("you have no decision here that could be taken back")
    review = Review(assessment_id=assessment_id, reviewer_id=account_id, created_at=now, verdict=WITHDRAWN)
    session.add(review)
    session.flush()
    settle(session, assessment)
    reviewed(session, assessment_id)
    return review


def visible_reviews(session: Session, assessment_id: int, account_id: int) -> list[Review]:
    """Return the reviews this account may see, oldest first: none until it has decided itself.

    A second reviewer who knows the first one's verdict tends to repeat it.
    """
    reviews = all_reviews(session, assessment_id)
    return reviews if any(review.reviewer_id == account_id for review in standing(reviews)) else []


def all_reviews(session: Session, assessment_id: int) -> list[Review]:
    """Return every review of an assessment, oldest first."""
    return list(session.scalars(select(Review).where(Review.assessment_id == assessment_id).order_by(Review.id)))


def latest_review(session: Session, assessment_id: int) -> Review | None:
    """Return the newest review of an assessment, whoever wrote it."""
    query = select(Review).where(Review.assessment_id == assessment_id).order_by(Review.id.desc()).limit(1)
    return session.scalars(query).one_or_none()


def counted_reviews(session: Session, assessment_id: int) -> list[Review]:
    """Return the latest review of each reviewer, oldest first: the ones that count."""
    return standing(all_reviews(session, assessment_id))


def standing(reviews: Sequence[Review]) -> list[Review]:
    """Return what each reviewer's decisions (oldest first) come to once withdrawals are taken into account."""
    decided: dict[int, list[Review]] = {}
    for review in reviews:
        own = decided.setdefault(review.reviewer_id, [])
        if review.verdict != WITHDRAWN:
            own.append(review)
        elif own:
            own.pop()
    return sorted((own[-1] for own in decided.values() if own), key=lambda review: review.id)


def settle(session: Session, assessment: Assessment) -> None:
    """Make status, marks and `flagged_now` follow from the machine's reading and the reviews that count."""
    machine = machine_marks(session, assessment)
    held = what_holds(assessment, machine, counted_reviews(session, assessment.id))
    if held.flagged and not assessment.flagged_now:
        assessment.ruled_at = None  # newly flagged: the rules on single items must look at it again
    assessment.status = held.status
    assessment.flagged_now = held.flagged
    _write_marks(session, assessment, held)
    session.flush()
    mark_changed(session, [(assessment.cluster_id, assessment.event_at)])


def what_holds(assessment: Assessment, machine: dict[tuple[str, str], float], counted: Sequence[Review]) -> Holding:
    """Decide status, flag and marks from the machine's marks and the reviews that count, oldest first."""
    status = joint_verdict([review.verdict for review in counted])
    if status == "rejected":
        return Holding(status, flagged=False, marks={}, basis="review")
    if status != "confirmed":
        return Holding(status, flagged=assessment.flag, marks=machine, basis="model")
    # Where reviewers agree on the verdict and not on the labels, the last word holds.
    last = [review for review in counted if review.verdict == status][-1]
    marks = corrected_marks(machine, last)
    stance = last.stance or assessment.stance
    flagged = stance == "asserts" and any(kind == "signal" for kind, _ in marks)
    return Holding(status, flagged, marks, "review")


def joint_verdict(verdicts: Sequence[str]) -> str:
    """Return what the verdicts of all reviewers come to: the one they share, or that of most where three decided."""
    if not verdicts:
        return "unreviewed"
    most = max(dict.fromkeys(verdicts), key=verdicts.count)
    agreed = verdicts.count(most)
    return most if agreed == len(verdicts) or (len(verdicts) > 2 and agreed * 2 > len(verdicts)) else "disputed"


def corrected_marks(machine: dict[tuple[str, str], float], review: Review) -> dict[tuple[str, str], float]:
    """Return the marks that hold once `review` has confirmed: its own labels, the machine's where it gives none."""
    marks: dict[tuple[str, str], float] = {}
    for kind, labels in (
        ("signal", review.signals),
        ("target", review.targets),
        ("target_name", review.target_names),
    ):
        keys = labels if labels is not None else [key for of, key in machine if of == kind]
        marks |= {(kind, key): 1.0 for key in keys}
    pathways = pathways_of({key for kind, key in marks if kind == "signal"})
    return marks | {("pathway", key): 1.0 for key in pathways}


def pathways_of(signals: set[str]) -> list[str]:
    """Return the pathways that these signals feed."""
    return [key for key in PATHWAYS if signals & set(PATHWAY_SIGNALS[key])]


def machine_marks(session: Session, assessment: Assessment) -> dict[tuple[str, str], float]:
    """Return what the machine marked, remembering it in `details` before the first review overwrites the table."""
    if MACHINE_MARKS not in assessment.details:
        rows = session.scalars(select(Mark).where(Mark.assessment_id == assessment.id, Mark.basis == "model"))
        marks = sorted([mark.kind, mark.key, mark.probability] for mark in rows)
        assessment.details = assessment.details | {MACHINE_MARKS: marks}
    return {(kind, key): probability for kind, key, probability in assessment.details[MACHINE_MARKS]}


def checked(decision: Decision) -> Decision:
    """Return the decision in its usual form; raises ReviewInvalid, naming the field, when it cannot be kept."""
    _one_of("verdict", decision.verdict, VERDICTS)
    if decision.stage is not None:
        _one_of("stage", decision.stage, STAGES)
    if decision.stance is not None:
        _one_of("stance", decision.stance, STANCES)
    worksheet = checked_worksheet(decision.worksheet)
    _check_tier(decision, worksheet)
    return replace(
        decision,
        signals=_some_of("signals", decision.signals, SIGNALS),
        targets=_some_of("targets", decision.targets, TARGETS),
        target_names=_names(decision.target_names),
        hallmarks=_some_of("hallmarks", decision.hallmarks, HALLMARKS) or [],
        indicators=_short_texts("indicators", decision.indicators),
        worksheet=worksheet,
        note=_text("note", decision.note) or None,
    )


def checked_worksheet(worksheet: dict[str, Any]) -> dict[str, Any]:
    """Return each part that was filled as `{"met", "note"}`; a bare true, false or text is understood."""
    parts: dict[str, Any] = {}
    for key, value in worksheet.items():
        _one_of("worksheet", key, WORKSHEET_PARTS)
        given = value if isinstance(value, dict) else {"note": value} if isinstance(value, str) else {"met": value}
        met, note = given.get("met"), _text(f"worksheet.{key}", given.get("note"))
        if not (met is None or isinstance(met, bool)) or set(given) - {"met", "note"}:
            raise ReviewInvalid("worksheet", f"worksheet.{key} must hold met (true, false or null) and a note")
        if met is not None or note:
            parts[key] = {"met": met, "note": note}
    return {key: parts[key] for key in WORKSHEET_PARTS if key in parts}


def says_the_same(review: Review, decision: Decision) -> bool:
    """Whether a kept review holds exactly this (checked) decision."""
    values = asdict(decision)
    del values["last_review_id"]
    return all(getattr(review, name) == value for name, value in values.items())


def _locked(session: Session, assessment_id: int) -> Assessment:
    # Locked, so that of two who decide at once the second one sees the first on PostgreSQL too.
    assessment = session.get(Assessment, assessment_id, with_for_update=True)
    if assessment is None:
        raise AssessmentUnknown(f"there is no assessment {assessment_id}")
    return assessment


def _check_confirmable(session: Session, assessment: Assessment, decision: Decision) -> None:
    if decision.verdict != "confirmed" or decision.signals is not None or not assessment.abstained:
        return
    if not any(kind == "signal" for kind, _ in machine_marks(session, assessment)):
        raise ReviewInvalid(
            "signals", "the model abstained here, so there is nothing to confirm; say which signals apply, or reject"
        )


def _check_tier(decision: Decision, worksheet: dict[str, Any]) -> None:
    if decision.tier is None:
        return
    _one_of("tier", decision.tier, TIERS)
    if decision.verdict == "rejected":
        raise ReviewInvalid("tier", "a rejected passage has no tier; leave the tier empty or change the verdict")
    missing = [key.replace("_", " ") for key in WORKSHEET_PARTS if worksheet.get(key, {}).get("met") is not True]
    if decision.tier == "criminal" and missing:
        raise ReviewInvalid(
            "tier",
            f"the criminal tier needs all six parts of the worksheet met, and these are not: {', '.join(missing)}; "
            "meet them or choose another tier",
        )


def _write_marks(session: Session, assessment: Assessment, held: Holding) -> None:
    session.execute(
        delete(Mark).where(Mark.assessment_id == assessment.id).execution_options(synchronize_session="fetch")
    )
    session.add_all(
        Mark(
            assessment_id=assessment.id,
            kind=kind,
            key=key,
            probability=probability,
            severity=assessment.severity,
            basis=held.basis,
        )
        for (kind, key), probability in held.marks.items()
    )


def _one_of(place: str, value: object, allowed: Sequence[object]) -> None:
    # `True in (0, 1)` holds in Python, and a stage is no truth value.
    if isinstance(value, bool) or value not in allowed:
        choices = ", ".join(map(str, allowed))
        raise ReviewInvalid(place, f"{place} must be one of {choices}; got {value!r}")


def _some_of(place: str, values: list[str] | None, allowed: Sequence[str]) -> list[str] | None:
    if values is None:
        return None
    for value in values:
        _one_of(place, value, allowed)
    return [key for key in allowed if key in values]


def _names(names: list[str] | None) -> list[str] | None:
    return None if names is None else _short_texts("target_names", names)


def _short_texts(place: str, values: list[str]) -> list[str]:
    texts = list(dict.fromkeys(" ".join(_text(place, value).split()) for value in values))
    texts = [text for text in texts if text]
    if len(texts) > MAX_NAMES or any(len(text) > MAX_NAME for text in texts):
        raise ReviewInvalid(place, f"{place} takes at most {MAX_NAMES} entries of {MAX_NAME} characters each")
    return texts


def _text(place: str, value: object) -> str:
    """Return what a person typed, composed (NFC) and without what no database takes: NUL and lone surrogates."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ReviewInvalid(place, f"{place} must be text")
    text = unicodedata.normalize("NFC", value.replace("\x00", "").encode("utf-8", "replace").decode()).strip()
    if len(text) > MAX_NOTE:
        raise ReviewInvalid(place, f"{place} is {len(text)} characters long; {MAX_NOTE} is the most")
    return text
