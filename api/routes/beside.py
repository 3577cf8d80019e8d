"""What stands beside a reading: a second machine's opinion, and a machine translation made on demand."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.dependencies import AllSessions, Id, Now, Reviewer
from api.problems import describe_failures
from api.strict_json import StrictRoute
from api.translation import Translators, gloss, translators
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
