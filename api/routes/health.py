"""Whether the service is alive, whether every arrow turns, and figures for Prometheus. No token is asked for."""

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api import state
from api.dependencies import Now, ReadSession
from api.problems import describe_failures, problem

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers; nothing more is said."""

    status: str = Field(examples=["alive"])


class ArrowShape(BaseModel):
    """The last turn of one arrow."""

    arrow: str = Field(examples=["poll"])
    beat_at: dt.datetime | None
    age_seconds: float | None
    every_seconds: float | None
    late: bool
    moved: int
    error: str | None


class Ready(BaseModel):
    """Every arrow turned lately."""

    status: str = Field(examples=["ready"])
    arrows: list[ArrowShape]


@router.get("/healthz", response_model=Alive, summary="Is the process alive?")
def healthz() -> dict[str, str]:
    """Answer without looking at anything."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    response_model=Ready,
    summary="Does every arrow turn?",
    responses=describe_failures(503),
)
def readyz(session: ReadSession, now: Now) -> Any:
    """Show each arrow's last beat; 503 names those that are late by three of their intervals, or never turned."""
    beats = state.beats(session, now)
    arrows = [ArrowShape.model_validate(beat, from_attributes=True) for beat in beats]
    late = [beat.arrow for beat in beats if beat.late]
    if late:
        sentence = f"late: {', '.join(late)}; is the worker running? `tocsin doctor` tells more"
        return problem(503, sentence, "arrow_late", arrows=[arrow.model_dump(mode="json") for arrow in arrows])
    return {"status": "ready", "arrows": arrows}


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' format"}},
)
def metrics(request: Request, session: ReadSession, now: Now) -> Response:
    """Show this process' requests, and what waits, is stuck or late in the database."""
    text = request.app.state.metrics.text(lambda: state.look(session, now), now)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
