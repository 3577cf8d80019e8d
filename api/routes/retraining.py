"""Reviewed texts as rows to train or measure a model on."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api import audit, retraining
from api.dependencies import Admin, AllSessions, Now
from api.problems import describe_failures
from models.database import Sessions, reading

router = APIRouter(prefix="/v1/export", tags=["retraining"])


@router.get(
    "/training",
    summary="Reviewed texts to train on",
    response_class=StreamingResponse,
    responses=describe_failures(401, 403)
    | {
        200: {
            "description": "One JSON object per line.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
def export_training(who: Admin, sessions: AllSessions, now: Now) -> StreamingResponse:
    """Stream every confirmed or rejected passage with the labels that people let stand; who took it is kept."""
    return answer(sessions, who.account_id, now)


def answer(sessions: Sessions, account_id: int, now: Now) -> StreamingResponse:
    """Note who takes the texts out, and stream them."""
    audit.note_apart(sessions, account_id, "text.exported", now, details={"what": "training", "format": "jsonl"})
    headers = {"content-disposition": 'attachment; filename="tocsin-reviews.jsonl"'}
    return StreamingResponse(lines(sessions), media_type="application/x-ndjson", headers=headers)


def lines(sessions: Sessions) -> Iterator[str]:
    """Yield the lines, in a transaction for each batch: a slow reader must not hold one open for hours."""
    after = 0
    while True:
        with reading(sessions) as session:
            found = retraining.batch(session, after)
        if not found:
            return
        yield from (line for _, line in found)
        after = found[-1][0]
