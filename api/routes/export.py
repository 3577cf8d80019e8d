"""Assessments and alerts as a file, streamed row by row."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from api import audit, export
from api.dependencies import AllSessions, Now, Reader
from api.errors import NotAcceptable
from api.problems import describe_failures
from models.database import Sessions, reading

router = APIRouter(prefix="/v1/export", tags=["export"])

TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@router.get(
    "",
    summary="Export",
    response_class=StreamingResponse,
    responses=describe_failures(401, 403, 406, 422)
    | {
        200: {
            "description": "One JSON object per line, or CSV with a header.",
            "content": {name.partition(";")[0]: {"schema": {"type": "string"}} for name in TYPES.values()},
        }
    },
)
def export_rows(
    who: Reader,
    sessions: AllSessions,
    now: Now,
    *,
    what: Annotated[Literal[export.KINDS], Query(description="What to export.")] = "assessments",  # type: ignore[valid-type]
    form: Annotated[
        Literal["jsonl", "csv", "parquet"] | None,
        Query(alias="format", description="jsonl (the default) or csv; else taken from Accept."),
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Stream current assessments, or alerts, in the order of their ids. CSV cells never hold a formula."""
    chosen = form or ("csv" if "text/csv" in accept else "parquet" if "parquet" in accept else "jsonl")
    if chosen == "parquet":
        raise NotAcceptable("Parquet is not offered by this version; take format=jsonl or format=csv and convert it")
    headers = {"content-disposition": f'attachment; filename="tocsin-{what}.{chosen}"'}
    audit.note_apart(sessions, who.account_id, "text.exported", now, details={"what": what, "format": chosen})
    return StreamingResponse(_lines(sessions, what, chosen), media_type=TYPES[chosen], headers=headers)


def _lines(sessions: Sessions, what: str, form: str) -> Iterator[str]:
    def batch(after: int) -> list[export.Row]:
        # A transaction for each batch: a slow reader must not hold one open for hours.
        with reading(sessions) as session:
            return export.batch(session, what, form, after)

    return export.lines(what, form, batch)
