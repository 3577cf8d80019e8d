"""Assessments and alerts as a file, streamed batch by batch."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from api import audit, export
from api.dependencies import AllSessions, Now, Reader
from api.errors import NotAcceptable
from api.problems import describe_failures
from ingest.parquet import missing
from models.database import Sessions, reading

router = APIRouter(prefix="/v1/export", tags=["export"])


@router.get(
    "",
    summary="Export",
    response_class=StreamingResponse,
    responses=describe_failures(401, 403, 406, 422)
    | {
        200: {
            "description": "One JSON object per line, CSV with a header, an XLSX workbook, or a Parquet file.",
            "content": {name.partition(";")[0]: {"schema": {"type": "string"}} for name in export.TYPES.values()},
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
        Literal[export.FORMATS] | None,  # type: ignore[valid-type]
        Query(alias="format", description="jsonl (the default), csv, xlsx or parquet; else taken from Accept."),
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Stream current assessments, or alerts, in the order of their ids. Cells of CSV and XLSX never hold a formula."""
    wished = (one for one in ("csv", "xlsx", "parquet") if export.TYPES[one].partition(";")[0] in accept)
    chosen = form or next(wished, "jsonl")
    if chosen == "parquet" and (reason := missing()):
        raise NotAcceptable(f"{reason}, or take format=jsonl or format=csv")
    headers = {"content-disposition": f'attachment; filename="tocsin-{what}.{chosen}"'}
    audit.note_apart(sessions, who.account_id, "text.exported", now, details={"what": what, "format": chosen})
    return StreamingResponse(_pieces(sessions, what, chosen), media_type=export.TYPES[chosen], headers=headers)


def _pieces(sessions: Sessions, what: str, form: str) -> Iterator[bytes]:
    def batch(after: int) -> list[export.Row]:
        # A transaction for each batch: a slow reader must not hold one open for hours.
        with reading(sessions) as session:
            return export.batch(session, what, form, after)

    return export.pieces(what, form, batch)
