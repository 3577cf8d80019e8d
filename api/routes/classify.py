"""Classify texts at once; nothing is stored."""

import threading
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import CurrentSettings, Reader
from api.errors import Invalid, Unavailable
from api.problems import describe_failures
from api.shapes import Classified
from api.strict_json import StrictRoute

router = APIRouter(prefix="/v1/classify", tags=["classify"], route_class=StrictRoute)

MOST_CHARACTERS = 100_000
MOST_IN_ALL = 200_000  # a minute or two of work where every passage is flagged and explained
# More at once would not be faster, and each holds its texts' activations in memory.
AT_ONCE = threading.BoundedSemaphore(2)
PATIENCE_SECONDS = 30.0


class TextsSent(BaseModel):
    """Texts to classify."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"texts": ["The market of Marrok opened at eight."], "language": None}},
    )

    texts: list[str] = Field(description=f"Each at most {MOST_CHARACTERS} characters long, and {MOST_IN_ALL} in all.")
    language: str | None = Field(
        default=None, max_length=16, description="The language of all texts, where it is known; else it is found out."
    )


class Results(BaseModel):
    """One result per text, in order."""

    items: list[Classified]


@router.post("", response_model=Results, summary="Classify texts", responses=describe_failures(401, 403, 413, 422, 503))
def classify(_who: Reader, request: Request, settings: CurrentSettings, sent: TextsSent) -> dict[str, Any]:
    """Say what the model makes of each text. `flag` is a proposal to look at it, never a verdict."""
    if len(sent.texts) > settings.max_classify_texts:
        raise Invalid(
            f"texts: {len(sent.texts)} are too many for one call, {settings.max_classify_texts} is the most; send "
            "them in parts"
        )
    for index, text in enumerate(sent.texts):
        if len(text) > MOST_CHARACTERS:
            raise Invalid(f"texts[{index}]: {len(text)} characters are too many, {MOST_CHARACTERS} is the most")
    if sum(map(len, sent.texts)) > MOST_IN_ALL:
        raise Invalid(f"texts: more than {MOST_IN_ALL} characters in all; send them in parts")
    if not sent.texts:
        return {"items": []}
    scorer = request.app.state.scorer.get()
    from classify.assess import classify_texts

    if not AT_ONCE.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("other texts are being classified; try again in a moment", slug="busy")
    try:
        items = classify_texts(scorer, sent.texts, sent.language or None, settings=settings.classify)
    finally:
        AT_ONCE.release()
    return {"items": items}
