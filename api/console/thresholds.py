"""What reviews say of thresholds, as a table and as CSV, and the reviewed texts as a file; nothing is applied here."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api import thresholds
from api.console.desk import At, ConsoleRoute, Posted
from api.console.rendering import HEADERS, page
from api.dependencies import AllSessions, Now, ReadSession
from api.export import csv_writer
from api.routes import retraining
from classify.errors import ModelBroken

USUAL = 80
LOWEST, HIGHEST = 10, 99
COLUMNS = (
    *("language", "signal", "present", "suggested", "precision", "low", "high", "reviews", "kept", "found"),
    *("reviews_below_present", "reviews_in_all"),
)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/thresholds")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """Show where each signal's threshold would have to stand; `format=csv` gives the same as a file."""
    at.signed_in.actor.must("lead")
    wanted = asked(request.query_params.get("precision", ""))
    try:
        present = (request.app.state.scorer.card().get("thresholds") or {}).get("flag", {})
    except ModelBroken:
        present = {}
    judged = thresholds.judged_passages(session)
    rows = thresholds.suggestions(judged, wanted / 100, present)
    if request.query_params.get("format") == "csv":
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="thresholds.csv"'}
        return Response(as_csv(rows, present), media_type="text/csv; charset=utf-8", headers=headers)
    return page(
        "thresholds.html",
        desk=at,
        wanted=wanted,
        rows=rows,
        present=present,
        passages=len(judged),
        least=thresholds.LEAST,
        csv=f"/thresholds?precision={wanted}&format=csv",
    )


@router.post("/thresholds/texts")
def take_out(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Give the reviewed texts as a file to train on; who took them out is kept."""
    del form  # it has been checked
    at.signed_in.actor.must("admin")
    answer = retraining.answer(sessions, at.account_id, now)
    answer.headers.update(HEADERS)
    return answer


def asked(text: str) -> int:
    """Return the precision that is wanted, as a percentage."""
    whole = text.isascii() and text.isdigit() and len(text) < 4
    return max(LOWEST, min(HIGHEST, int(text))) if whole else USUAL


def as_csv(rows: Sequence[thresholds.Suggestion], present: dict[str, float]) -> str:
    """Return the rows as CSV that a spreadsheet may safely open."""
    write = csv_writer(COLUMNS)
    lines = [write({name: name for name in COLUMNS})]
    for row in rows:
        known = row.threshold is not None
        lines.append(
            write(
                {
                    "language": row.language or "all",
                    "signal": row.signal,
                    "present": present.get(row.signal),
                    "suggested": row.threshold,
                    "precision": row.precision,
                    "low": round(row.low, 4) if known else None,
                    "high": round(row.high, 4) if known else None,
                    "reviews": row.reviews,
                    "kept": row.kept,
                    "found": row.found,
                    "reviews_below_present": row.below,
                    "reviews_in_all": row.total,
                }
            )
        )
    return "".join(lines)
