"""The JSON of what several routes show: an assessment, a source in brief, an account.

Shapes are written by hand and never taken from a table, so that a new column is not published by accident.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.queue import Found
from models.assessment import Assessment
from models.document import Document

EXCERPT = 400
EXAMPLE_SIGNALS = {
    "dehumanization": 0.03,
    "incitement": 0.94,
    "extremist_narrative": 0.11,
    "hate_speech": 0.42,
    "propaganda": 0.08,
    "discrimination": 0.05,
    "mobilization": 0.21,
    "impunity": 0.01,
}


class Classified(BaseModel):
    """What the model says of one text. Offsets count Unicode code points of the text as sent."""

    model_config = ConfigDict(json_schema_extra={"example": {"language": "en", "flag": True, "severity": 83}})

    language: str
    language_confidence: float
    flag: bool = Field(description="The text itself asserts something that a signal applies to.")
    abstained: bool = Field(description="The model cannot judge this; it is not thereby harmless.")
    abstain_reason: str | None
    severity: int = Field(description="0 to 100; docs/codebook.md says how it is made.")
    stage: int = Field(description="0 none, 1 hostility, 2 discrimination, 3 violence, 4 mass atrocity.")
    stance: str = Field(description="asserts, reports, condemns or reclaims.")
    signals: dict[str, float] = Field(examples=[EXAMPLE_SIGNALS])
    pathways: dict[str, float]
    targets: dict[str, float]
    target_names: list[str]
    passages: list[Any] = Field(
        description="`start`, `end`, `signals`, `stage`, `stance` and `highlights` of each passage."
    )
    model: str = Field(description="Name and version of the model that says so.")


class SourceInBrief(BaseModel):
    """Who published it."""

    id: int
    name: str
    kind: str
    url: str | None


class DocumentInBrief(BaseModel):
    """Where it stands."""

    id: int
    title: str | None
    url: str | None
    excerpt: str = Field(description=f"The first {EXCERPT} characters; GET the document for all of it.")
    cluster_id: int = Field(description="Near-copies share a cluster.")


class Label(BaseModel):
    """A label that applies now: by the model, or by a reviewer's word."""

    kind: str
    key: str
    probability: float
    basis: str = Field(description="model or review")


class AssessmentShape(Classified):
    """What the model says of one document, and what holds now that people may have looked."""

    id: int
    document: DocumentInBrief
    source: SourceInBrief
    country: str | None
    region: str | None
    event_at: dt.datetime = Field(description="When it was published, never later than when it was seen.")
    assessed_at: dt.datetime
    current: bool = Field(description="False once a newer model or a newer version of the text was assessed.")
    status: str = Field(description="unreviewed, confirmed, rejected, unsure or disputed.")
    reviewed: bool
    flagged_now: bool = Field(description="What holds now: the model's flag until a review corrects it.")
    labels: list[Label] = Field(description="What applies now.")
    machine: str = Field(description="Who says so, for a person who reads this.")


def assessment_shape(found: Found) -> AssessmentShape:
    """Show one row of the queue."""
    assessment, document, source = found.assessment, found.document, found.source
    return AssessmentShape(
        **classified(assessment),
        id=assessment.id,
        document=document_in_brief(document),
        source=SourceInBrief(id=source.id, name=source.name, kind=source.kind, url=source.url),
        country=assessment.country,
        region=assessment.region,
        event_at=assessment.event_at,
        assessed_at=assessment.assessed_at,
        current=assessment.current,
        status=assessment.status,
        reviewed=assessment.status != "unreviewed",
        flagged_now=assessment.flagged_now,
        labels=[
            Label(kind=mark.kind, key=mark.key, probability=mark.probability, basis=mark.basis) for mark in found.marks
        ],
        machine=machine_note(assessment),
    )


def classified(assessment: Assessment) -> dict[str, Any]:
    """Return the machine's reading under the keys of one classified text."""
    return {name: getattr(assessment, name) for name in Classified.model_fields}


def document_in_brief(document: Document) -> DocumentInBrief:
    """Show where a text stands, and how it begins."""
    return DocumentInBrief(
        id=document.id,
        title=document.title,
        url=document.url,
        excerpt=document.text[:EXCERPT],
        cluster_id=document.cluster_id,
    )


def shown_whole(found: Sequence[Found]) -> list[int]:
    """Return those assessments whose text is as short as an excerpt, so that a list shows all of it."""
    return [one.assessment.id for one in found if len(one.document.text) <= EXCERPT]


def machine_note(assessment: Assessment) -> str:
    """Say in a sentence what the machine proposed and whether a person has decided."""
    decided = {
        "unreviewed": "no person has reviewed it",
        "confirmed": "a person has confirmed it",
        "rejected": "a person has rejected it",
        "unsure": "a person has looked and is unsure",
        "disputed": "reviewers disagree",
    }
    return f"proposed by {assessment.model} to be looked at; {decided.get(assessment.status, assessment.status)}"
