"""What stands beside a reading: another machine's opinion, a translation made on demand, decided passages like it."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api import audit, queue
from api.dependencies import AllSessions, Id, Now, Reader, Reviewer
from api.errors import NotFound
from api.nearest import Like, Reviewed, reviewed
from api.pagination import Listed
from api.problems import describe_failures
from api.strict_json import StrictRoute
from api.translation import Translators, gloss, translators
from models.database import reading
from models.second import Gloss, Opinion

router = APIRouter(prefix="/v1/assessments", tags=["assessments"], route_class=StrictRoute)


class OpinionShape(BaseModel):
    """What a second reader said. It is a machine's opinion: no flag, label or severity follows from it."""

    reader: str = Field(description="The model that was asked, and the host that runs it.")
    state: str = Field(description="`given`, or `unusable` when what came was no opinion.")
    at: dt.datetime | None
    signals: list[str] | None
    stage: int | None
    stance: str | None
    reason: str | None


class GlossShape(BaseModel):
    """A machine translation of one stretch of the text; `start` and `end` count code points of it."""

    document_id: int
    language: str = Field(description="The language it is written in.")
    source_language: str
    text: str
    engine: str
    made_at: dt.datetime
    start: int
    end: int
    machine_translation: bool = Field(default=True, description="Always true: decide by the original.")


class LikeShape(BaseModel):
    """A decided passage that is like another."""

    assessment_id: int
    likeness: float = Field(description="From 0 to 1: the cosine of their groups of four characters by TF-IDF.")
    passage: str
    language: str
    status: str = Field(description="What people decided about it: `confirmed` or `rejected`.")
    signals: list[str] = Field(description="The signals that hold for it now.")


@router.post(
    "/{assessment_id}/gloss",
    summary="Translate for a reader",
    responses=describe_failures(401, 403, 404, 422, 503),
)
def make_gloss(
    who: Reviewer,
    sessions: AllSessions,
    now: Now,
    assessment_id: Id,
    known: Annotated[Translators, Depends(translators)],
) -> GlossShape:
    """Return a machine translation of the text, made now when there is none yet. The reading is kept in the audit log.

    503 `not_translated` when the operator named no translator, or when none came.
    """
    return gloss_shape(gloss(sessions, known, assessment_id, who.account_id, now))


@router.get(
    "/{assessment_id}/nearest",
    summary="Reviewed passages like it",
    responses=describe_failures(401, 403, 404, 422),
)
def list_nearest(
    who: Reader, sessions: AllSessions, now: Now, assessment_id: Id, known: Annotated[Reviewed, Depends(reviewed)]
) -> Listed[LikeShape]:
    """List the decided passages that are most like this one in their characters; not a vote on this one."""
    with reading(sessions) as session:
        found = queue.get_assessment(session, assessment_id)
        if found is None:
            raise NotFound(f"there is no assessment {assessment_id}")
        like = known.like(session, found, who.account_id)
    audit.note_listing(sessions, who.account_id, [one.found.assessment.id for one in like if one.whole], now)
    return Listed(items=[_like_shape(one) for one in like], next=None)


def _like_shape(one: Like) -> LikeShape:
    assessment = one.found.assessment
    return LikeShape(
        assessment_id=assessment.id,
        likeness=one.likeness,
        passage=one.passage,
        language=assessment.language,
        status=assessment.status,
        signals=[mark.key for mark in one.found.marks if mark.kind == "signal"],
    )


def opinion_shape(opinion: Opinion | None) -> OpinionShape | None:
    """Show a second reader's opinion."""
    return None if opinion is None else OpinionShape.model_validate(opinion, from_attributes=True)


def gloss_shape(made: Gloss) -> GlossShape:
    """Show a translation."""
    return GlossShape(
        document_id=made.document_id,
        language=made.target,
        source_language=made.source_language,
        text=made.text,
        engine=made.engine,
        made_at=made.at,
        start=made.start,
        end=made.end,
    )
