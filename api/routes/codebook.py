"""What the words mean, and what the model in use can and cannot do."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api import lexicon
from api.dependencies import Reader, ReadSession
from api.problems import describe_failures
from classify.errors import ModelBroken
from classify.labels import codebook

router = APIRouter(prefix="/v1/codebook", tags=["codebook"])


class Codebook(BaseModel):
    """The codebook in our own words; its keys are the strings of the whole API."""

    signals: dict[str, Any]
    pathways: dict[str, Any]
    stages: dict[str, str]
    stances: dict[str, str]
    targets: dict[str, str]
    risk_factors: dict[str, str]
    indicators: list[Any]
    hallmarks: dict[str, str]
    hallmark_elements: list[str]
    worksheet: dict[str, Any]
    principles: list[str]
    lexicon: dict[str, Any] = Field(description="How many terms are looked for; GET /v1/lexicon lists them.")
    model: dict[str, Any] | None = Field(description="Name, thresholds, validated languages and card of this model.")
    model_error: str | None = Field(description="Why there is no model; texts then wait unscored.")


@router.get("", summary="The codebook", responses=describe_failures(401, 403))
def get_codebook(_who: Reader, request: Request, session: ReadSession) -> Codebook:
    """Show signals, pathways, stages, stances, targets, indicators, worksheet, lexicon, and the model's card."""
    told = codebook() | {"lexicon": lexicon.counts(session)}
    try:
        return Codebook(**told, model=request.app.state.scorer.card(), model_error=None)
    except ModelBroken as error:
        return Codebook(**told, model=None, model_error=str(error))
