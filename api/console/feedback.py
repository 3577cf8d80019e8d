"""How often reviewers agree with the model: precision by signal, language and source, as a table and as CSV."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api.console import words
from api.console.desk import At, ConsoleRoute
from api.console.rendering import HEADERS, page
from api.console.translation import Spoken
from api.dependencies import ReadSession
from api.export import csv_writer
from api.feedback import GROUPS, Precision, precisions, settled_passages

COLUMNS = ("signal", "group", "settled", "kept", "precision", "low", "high")
MOST_ROWS = 400
TABS = Spoken({"": "All", "language": "By language", "source": "By source"})
SPOKEN_GROUPS = Spoken({"language": "Language", "source": "Source"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/precision")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """Show the precision of the model as reviewers have settled it; `format=csv` gives the same as a file."""
    at.signed_in.actor.must("lead")
    asked = request.query_params.get("by", "")
    group = asked if asked in GROUPS else ""
    settled = settled_passages(session)
    rows = precisions(settled, group)
    if request.query_params.get("format") == "csv":
        name = f'attachment; filename="precision{"-" + group if group else ""}.csv"'
        return Response(as_csv(rows), media_type="text/csv", headers=HEADERS | {"Content-Disposition": name})
    query = f"?by={group}&" if group else "?"
    return page(
        "precision.html",
        desk=at,
        tabs=[(f"/precision?by={key}" if key else "/precision", label, key == group) for key, label in TABS.items()],
        group=group,
        groups=SPOKEN_GROUPS,
        rows=rows[:MOST_ROWS],
        more=max(0, len(rows) - MOST_ROWS),
        passages=len(settled),
        spoken=words.SIGNALS,
        csv=f"/precision{query}format=csv",
    )


def as_csv(rows: Sequence[Precision]) -> str:
    """Return the rows as CSV that a spreadsheet may safely open."""
    write = csv_writer(COLUMNS)
    lines = [write({name: name for name in COLUMNS})]
    for row in rows:
        figures = {"precision": round(row.share, 4), "low": round(row.low, 4), "high": round(row.high, 4)}
        lines.append(write(vars(row) | figures))
    return "".join(lines)
