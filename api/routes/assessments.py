"""The review queue: what the model says of each document, and what people decided about it."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api import audit, lexicon, queue, reviews
from api.deciding import keep_decision, take_back
from api.dependencies import AllSessions, CurrentSettings, Id, Moment, Now, Reader, ReadSession, Reviewer, Session, Word
from api.errors import NotFound
from api.pagination import Listed, PageWanted
from api.problems import describe_failures
from api.routes.beside import GlossShape, OpinionShape, gloss_shape, opinion_shape
from api.routes.lexicon import Evidence, evidence
from api.second_reader import opinion_of
from api.shapes import AssessmentShape, assessment_shape, shown_whole
from api.strict_json import StrictRoute
from api.translation import gloss_of
from models.assessment import STATUSES
from models.codebook import PATHWAYS, SIGNALS, STANCES, TARGETS
from models.database import reading
from models.review import TIERS, VERDICTS, Review

router = APIRouter(prefix="/v1/assessments", tags=["assessments"], route_class=StrictRoute)

Signal = Literal[SIGNALS]  # type: ignore[valid-type]
Order = Literal[queue.ORDERS]  # type: ignore[valid-type]


class ReviewShape(BaseModel):
    """One person's decision."""

    id: int
    reviewer_id: int
    created_at: dt.datetime
    verdict: str
    signals: list[str] | None
    stage: int | None
    stance: str | None
    targets: list[str] | None
    target_names: list[str] | None
    worksheet: dict[str, Any]
    tier: str | None
    hallmarks: list[str]
    indicators: list[str]
    note: str | None


class AssessmentWithReviews(AssessmentShape):
    """One assessment with the whole text and the reviews that you may see."""

    text: str = Field(description="The whole text that offsets count in.")
    reviews: list[ReviewShape] = Field(description="Empty until you have decided yourself, unless you only read.")
    reviews_hidden: int = Field(description="How many reviews you will see once you have decided.")
    second_opinion: OpinionShape | None = Field(description="Another machine's opinion; nothing follows from it.")
    gloss: GlossShape | None = Field(description="A machine translation, when a reviewer has asked for one.")
    lexicon: Evidence = Field(
        description="Terms in the text that a reviewer should know about; nothing follows from them."
    )


class ReviewSent(BaseModel):
    """A decision; a correction left out or null means "as the machine said"."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "verdict": "confirmed",
                "signals": ["incitement"],
                "stage": 3,
                "stance": "asserts",
                "worksheet": {"content_form": "a call to burn houses, in the imperative"},
                "tier": "concern",
                "note": "Second call by this outlet in a week.",
            }
        },
    )

    verdict: Literal[VERDICTS]  # type: ignore[valid-type]
    signals: list[Signal] | None = None
    stage: int | None = Field(default=None, ge=0, le=4)
    stance: Literal[STANCES] | None = None  # type: ignore[valid-type]
    targets: list[Literal[TARGETS]] | None = None  # type: ignore[valid-type]
    target_names: list[str] | None = None
    worksheet: dict[str, Any] = Field(default_factory=dict)
    tier: Literal[TIERS] | None = None  # type: ignore[valid-type]
    hallmarks: list[str] = Field(default_factory=list)
    indicators: list[str] = Field(default_factory=list)
    note: str | None = None
    last_review_id: int | None = Field(
        default=None, ge=0, description="The newest review you know of (0: none); a newer one then gives 409."
    )


def wanted(
    flag: Annotated[bool | None, Query(description="What holds now, reviews included.")] = None,
    signal: Annotated[Signal | None, Query()] = None,
    pathway: Annotated[Literal[PATHWAYS] | None, Query()] = None,  # type: ignore[valid-type]
    target: Annotated[Literal[TARGETS] | None, Query()] = None,  # type: ignore[valid-type]
    target_name: Annotated[Word | None, Query(examples=["Varni"])] = None,
    language: Annotated[Word | None, Query(examples=["sw"])] = None,
    country: Annotated[str | None, Query(pattern="^[A-Za-z]{2}$", examples=["KE"])] = None,
    source: Annotated[Word | None, Query(description="A source's name, or its id.")] = None,
    min_severity: Annotated[int | None, Query(ge=0, le=100)] = None,
    stage: Annotated[int | None, Query(ge=0, le=4)] = None,
    stance: Annotated[Literal[STANCES] | None, Query()] = None,  # type: ignore[valid-type]
    status: Annotated[Literal[STATUSES] | None, Query()] = None,  # type: ignore[valid-type]
    since: Annotated[Moment | None, Query(description="Published at this time or later.")] = None,
    until: Annotated[Moment | None, Query(description="Published before this time.")] = None,
    q: Annotated[
        Word | None,
        Query(
            description=f"Words in text or title, as they stand. One page looks through {queue.MOST_TEXTS} texts at "
            "most and may be short or empty with a `next`."
        ),
    ] = None,
) -> queue.QueueFilters:
    """Read the filters from the query."""
    upper = country.upper() if country else None
    return queue.QueueFilters(
        flag=flag,
        signal=signal,
        pathway=pathway,
        target=target,
        target_name=target_name,
        language=language,
        country=upper,
        source=source,
        min_severity=min_severity,
        stage=stage,
        stance=stance,
        status=status,
        since=since,
        until=until,
        q=q,
    )


Filters = Annotated[queue.QueueFilters, Depends(wanted)]


@router.get("", summary="The queue", responses=describe_failures(401, 403, 422))
def list_assessments(
    who: Reader,
    session: ReadSession,
    sessions: AllSessions,
    now: Now,
    filters: Filters,
    page: PageWanted,
    *,
    order: Annotated[
        Order, Query(description="The worst first, the newest, the least certain, or the longest waiting.")
    ] = "severity",
) -> Listed[AssessmentShape]:
    """List current assessments that match every filter."""
    found, following = queue.find_assessments(session, filters, order, page.cursor, page.limit)
    listed = Listed(items=[assessment_shape(one) for one in found], next=following)
    session.close()  # the log has a transaction of its own
    audit.note_listing(sessions, who.account_id, shown_whole(found), now)
    return listed


@router.get(
    "/{assessment_id}",
    summary="One assessment",
    responses=describe_failures(401, 403, 404, 422),
)
def get_assessment(who: Reader, sessions: AllSessions, now: Now, assessment_id: Id) -> AssessmentWithReviews:
    """Show one assessment. A reviewer sees the others' reviews only after deciding, so as not to repeat them.

    The reading of the text is kept in the audit log.
    """
    with reading(sessions) as session:
        found = queue.get_assessment(session, assessment_id)
        if found is None:
            raise NotFound(f"there is no assessment {assessment_id}")
        every = reviews.all_reviews(session, assessment_id)
        shown = reviews.visible_reviews(session, assessment_id, who.account_id) if who.may("review") else every
        opinion, kept = opinion_of(session, assessment_id), gloss_of(session, found.document.id)
        terms = lexicon.found_in(session, found.document.text, found.assessment.language)
    about = ("assessment", assessment_id)
    audit.note_reading(sessions, who.account_id, about, now, marked=audit.is_marked(found.assessment))
    return AssessmentWithReviews(
        **dict(assessment_shape(found)),
        text=found.document.text,
        reviews=[review_shape(review) for review in shown],
        reviews_hidden=len(every) - len(shown),
        second_opinion=opinion_shape(opinion),
        gloss=gloss_shape(kept) if kept else None,
        lexicon=evidence(terms, found.document.text),
    )


@router.post(
    "/{assessment_id}/reviews",
    status_code=201,
    summary="Decide",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def add_review(
    who: Reviewer, session: Session, settings: CurrentSettings, now: Now, *, assessment_id: Id, sent: ReviewSent
) -> ReviewShape:
    """Keep your decision. What holds now follows from the latest review of each reviewer."""
    decision = reviews.Decision(**sent.model_dump())
    share = settings.double_review_share
    review = keep_decision(session, who.account_id, assessment_id, decision, now, share, may_settle=who.may("lead"))
    return review_shape(review)


@router.post(
    "/{assessment_id}/reviews/withdraw",
    status_code=201,
    summary="Take your decision back",
    responses=describe_failures(401, 403, 404, 409, 422),
)
def withdraw_review(who: Reviewer, session: Session, now: Now, assessment_id: Id) -> ReviewShape:
    """Take your last decision back; what you decided before it, if anything, holds again. Nothing is deleted."""
    return review_shape(take_back(session, who.account_id, assessment_id, now))


def review_shape(review: Review) -> ReviewShape:
    """Show one review."""
    return ReviewShape.model_validate(review, from_attributes=True)
