"""Everything that belongs to one decision of a reviewer, in one transaction: the review, who should look next, the log.

The console and the API both come here; what a decision does to an assessment is `api.reviews`' business.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence

from sqlalchemy.orm import Session

from api import audit, leases
from api.errors import NotAllowed
from api.reviews import Decision, add_review, counted_reviews, withdraw_review
from models.review import THIRD, Review, SecondLook


def keep_decision(
    session: Session,
    account_id: int,
    assessment_id: int,
    decision: Decision,
    now: dt.datetime,
    share: float,
    *,
    may_settle: bool = True,
) -> Review:
    """Keep a decision, give the passage back, and see to a second look; raises what `add_review` raises.

    Where two disagree, only who `may_settle` decides as the third; raises NotAllowed for others.
    """
    if not may_settle:
        _check_third(session, account_id, assessment_id)
    review = add_review(session, account_id, assessment_id, decision, now)
    audit.note(session, account_id, "review.decided", now, about=("assessment", assessment_id))
    leases.give_back(session, account_id, assessment_id)
    see_to_second_look(session, assessment_id, now, share)
    return review


def take_back(session: Session, account_id: int, assessment_id: int, now: dt.datetime) -> Review:
    """Take this reviewer's last decision back; raises what `withdraw_review` raises."""
    review = withdraw_review(session, account_id, assessment_id, now)
    audit.note(session, account_id, "review.withdrawn", now, about=("assessment", assessment_id))
    see_to_second_look(session, assessment_id, now, 0.0)
    return review


def see_to_second_look(session: Session, assessment_id: int, now: dt.datetime, share: float) -> None:
    """Open, prolong or close the second look at a passage after somebody has decided about it."""
    known = session.get(SecondLook, assessment_id)
    if known is None and not drawn(assessment_id, share):
        return
    wanted, still_open = looks_wanted([review.verdict for review in counted_reviews(session, assessment_id)])
    if known is None:
        session.add(SecondLook(assessment_id=assessment_id, wanted=wanted, open=still_open, created_at=now))
    else:
        known.wanted, known.open = wanted, still_open
    session.flush()


def _check_third(session: Session, account_id: int, assessment_id: int) -> None:
    look = session.get(SecondLook, assessment_id)
    if look is None or not look.open or look.wanted < THIRD:
        return
    if all(review.reviewer_id != account_id for review in counted_reviews(session, assessment_id)):
        raise NotAllowed("two reviewers disagree about this passage, and a lead decides between them")


def looks_wanted(verdicts: Sequence[str]) -> tuple[int, bool]:
    """Return how many people should decide, and whether one of them still has to; `verdicts` in order of decision."""
    wanted = THIRD if len(set(verdicts[:2])) > 1 else 2
    return wanted, len(verdicts) < wanted


def drawn(assessment_id: int, share: float) -> bool:
    """Whether a passage belongs to the share that is reviewed twice: the same for everybody, and nobody's choice."""
    digest = hashlib.sha256(f"second look {assessment_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
