"""What rises, against whom and where: counts per bucket with what was to be expected beside them."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from api.dependencies import CurrentSettings, Moment, Now, Reader, ReadSession, Word
from api.errors import Invalid
from api.export import csv_writer
from api.problems import describe_failures
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from warn import escalation, trends
from warn.standard.registry import STANDARD

router = APIRouter(prefix="/v1/trends", tags=["trends"])

POINT_COLUMNS = ("at", "documents", "flagged", "voices", "share", "expected", "upper", "alarm")
DEFAULT_SPAN = {"hour": dt.timedelta(days=7), "day": dt.timedelta(days=30), "week": dt.timedelta(weeks=26)}
DETECTORS = (trends.SHARE, *STANDARD)
WHOSE = "Whose `expected`, `upper` and `alarm`: ours, or a standard detector with its own settings, to compare with."


class PointShape(BaseModel):
    """One bucket. Where nothing was scanned, `documents` is 0 and `share` null: silence is not peace."""

    at: dt.datetime = Field(description="Its beginning.")
    documents: int = Field(description="Documents scanned in the scope.")
    flagged: int = Field(description="Documents with the label.")
    voices: int = Field(description="Distinct flagged posts; copies count once.")
    share: float | None = Field(description="flagged / documents")
    expected: float | None = Field(description="Voices to be expected from the history; null while it is too short.")
    upper: int | None = Field(description="The smallest number of voices that alarms; null as above.")
    alarm: bool


class SeriesShape(BaseModel):
    """One line: the whole, or one value of what was grouped by."""

    key: str = Field(description="The value grouped by; empty without grouping.")
    name: str
    points: list[PointShape]


class TrendsShape(BaseModel):
    """The answer, the busiest series first."""

    label: str = Field(examples=["signal:incitement"])
    bucket: str
    since: dt.datetime
    until: dt.datetime
    group_by: str | None
    items: list[SeriesShape]
    next: None = None


@router.get(
    "",
    summary="Trends",
    response_model=TrendsShape,
    responses=describe_failures(401, 403, 422)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "JSON, or CSV by Accept."}},
)
def get_trends(
    _who: Reader,
    session: ReadSession,
    settings: CurrentSettings,
    now: Now,
    *,
    signal: Annotated[Literal[SIGNALS] | None, Query()] = None,  # type: ignore[valid-type]
    pathway: Annotated[Literal[PATHWAYS] | None, Query()] = None,  # type: ignore[valid-type]
    bucket: Annotated[Literal[tuple(trends.BUCKETS)], Query()] = "day",  # type: ignore[valid-type]
    since: Annotated[Moment | None, Query(description="7 days, 30 days or 26 weeks back when absent.")] = None,
    until: Annotated[Moment | None, Query(description="Now when absent.")] = None,
    group_by: Annotated[Literal[trends.GROUPS] | None, Query()] = None,  # type: ignore[valid-type]
    country: Annotated[str | None, Query(pattern="^[A-Za-z]{2}$", description="Count within one country.")] = None,
    detector: Annotated[Literal[DETECTORS], Query(description=WHOSE)] = "share",  # type: ignore[valid-type]
    accept: Annotated[str, Header()] = "",
) -> Any:
    """Count per hour, day or week (from Monday, UTC). Without `signal` or `pathway`: whatever is flagged."""
    if signal is not None and pathway is not None:
        raise Invalid("pathway: ask for a signal or for a pathway, not for both")
    label = f"signal:{signal}" if signal else f"pathway:{pathway}" if pathway else "any"
    until = until or now
    since = since or until - DEFAULT_SPAN[bucket]
    found = trends.trends(
        session,
        label=label,
        bucket=bucket,
        since=since,
        until=until,
        group_by=group_by,
        country=country.upper() if country else None,
        detector=detector,
        now=now,
        settings=settings.warn,
    )
    if "text/csv" in accept:
        return Response(as_csv(found), media_type="text/csv; charset=utf-8")
    items = [SeriesShape.model_validate(series, from_attributes=True) for series in found]
    answer = TrendsShape(label=label, bucket=bucket, since=since, until=until, group_by=group_by, items=items)
    # Thousands of points: written by pydantic at once, instead of turned into dictionaries and checked again first.
    return Response(answer.model_dump_json(), media_type="application/json")


class IndexPointShape(BaseModel):
    """One bucket of the escalation index."""

    at: dt.datetime = Field(description="Its beginning.")
    scanned: int = Field(description="Posts scanned in the place.")
    voices: dict[int, int] = Field(description="Distinct flagged posts by stage, 1 to 4.")
    index: float | None = Field(description="Weighted voices per 1000 scanned, corrected; null where masked.")
    low: float | None = Field(description="95 of 100 draws lie above.")
    high: float | None = Field(description="95 of 100 draws lie below.")
    masked: bool = Field(description="Too little was scanned to say anything: an outage, not peace.")
    counter_speech: float | None = Field(description="Condemning among condemning and flagged voices.")


class ChangeShape(BaseModel):
    """The index changed its level with this bucket."""

    at: dt.datetime
    before: float
    after: float


class PrecisionShape(BaseModel):
    """What reviews said of flagged posts of one stage."""

    stage: int
    confirmed: int
    rejected: int
    precision: float
    low: float
    high: float


class EscalationShape(BaseModel):
    """How far speech against a group has gone, and how sure that is."""

    bucket: str
    since: dt.datetime
    until: dt.datetime
    target: str | None
    target_name: str | None
    country: str | None
    region: str | None
    weights: dict[int, float] = Field(description="What a voice of each stage weighs.")
    precisions: list[PrecisionShape]
    sensitivity: float | None = Field(
        description="Part of true cases that is flagged; null while too few are reviewed."
    )
    changes: list[ChangeShape]
    items: list[IndexPointShape]
    next: None = None
    notice: str = "An index of speech as a machine reads it and people corrected it; no prediction and no proof."


@router.get(
    "/escalation",
    summary="Escalation index",
    response_model=EscalationShape,
    responses=describe_failures(401, 403, 422)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "JSON, or CSV by Accept."}},
)
def get_escalation(
    _who: Reader,
    session: ReadSession,
    now: Now,
    *,
    target: Annotated[Literal[TARGETS] | None, Query()] = None,  # type: ignore[valid-type]
    target_name: Annotated[Word | None, Query()] = None,
    country: Annotated[str | None, Query(pattern="^[A-Za-z]{2}$")] = None,
    region: Annotated[Word | None, Query()] = None,
    bucket: Annotated[Literal["day", "week"], Query()] = "week",
    since: Annotated[Moment | None, Query(description="30 days or 26 weeks back when absent.")] = None,
    until: Annotated[Moment | None, Query(description="Now when absent.")] = None,
    accept: Annotated[str, Header()] = "",
) -> Any:
    """Weigh flagged speech by stage per 1000 posts scanned, corrected by reviews, with the buckets where it changed."""
    until = until or now
    asked = escalation.Question(
        bucket=bucket,
        since=since or until - DEFAULT_SPAN[bucket],
        until=until,
        target=target,
        target_name=target_name,
        country=country.upper() if country else None,
        region=region,
    )
    found = escalation.escalation(session, asked, now)
    if "text/csv" in accept:
        return Response(escalation_csv(found), media_type="text/csv; charset=utf-8")
    return EscalationShape(
        **vars(asked),
        weights=found.weights,
        precisions=[PrecisionShape.model_validate(one, from_attributes=True) for one in found.precisions],
        sensitivity=found.sensitivity,
        changes=[ChangeShape.model_validate(one, from_attributes=True) for one in found.changes],
        items=[IndexPointShape.model_validate(one, from_attributes=True) for one in found.points],
    )


def escalation_csv(found: escalation.Escalation) -> str:
    """Write one row per bucket; `change` marks where a new level begins."""
    stages = [f"stage_{stage}" for stage in found.weights]
    columns = ("at", "scanned", *stages, "index", "low", "high", "masked", "counter_speech", "change")
    write = csv_writer(columns)
    begun = {change.at for change in found.changes}
    rows = [
        {"at": point.at.isoformat(), "change": point.at in begun}
        | {name: getattr(point, name) for name in ("scanned", "index", "low", "high", "masked", "counter_speech")}
        | {f"stage_{stage}": number for stage, number in point.voices.items()}
        for point in found.points
    ]
    return "".join([write(dict(zip(columns, columns, strict=True))), *map(write, rows)])


def as_csv(found: Sequence[trends.Series]) -> str:
    """Write every point of every series as one row."""
    columns = ("key", "name", *POINT_COLUMNS)
    write = csv_writer(columns)
    rows = [
        {"key": series.key, "name": series.name}
        | {name: getattr(point, name) for name in POINT_COLUMNS}
        | {"at": point.at.isoformat()}
        for series in found
        for point in series.points
    ]
    return "".join([write(dict(zip(columns, columns, strict=True))), *map(write, rows)])
