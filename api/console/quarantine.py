"""What was moved out of the way, why, and the button that has it tried again."""

from fastapi import APIRouter, Request, Response

from api.console.desk import At, ConsoleRoute, Posted, one
from api.console.rendering import page, see_other
from api.console.sources import page_number
from api.console.text import pieces
from api.console.translation import Spoken
from api.dependencies import AllSessions, Now, ReadSession
from api.quarantine import count_stuck, release_all, release_one, stuck_rows
from models.database import writing

ON_A_PAGE = 50
ROWS = Spoken({"item": "item", "document": "document"})
KINDS = Spoken({"item": "item, its text not read out yet", "document": "text, not assessed yet"})

router = APIRouter(route_class=ConsoleRoute)


@router.get("/quarantine")
def show(request: Request, at: At, session: ReadSession, now: Now) -> Response:
    """List what is in quarantine, the latest first."""
    number = page_number(request.query_params.get("page", ""))
    found = stuck_rows(session, ON_A_PAGE + 1, (number - 1) * ON_A_PAGE)
    released = request.query_params.get("released", "")
    return page(
        "quarantine.html",
        desk=at,
        now=now,
        kinds=KINDS,
        rows_of=ROWS,
        count=count_stuck(session),
        # Titles may hold what stopped the worker: invisible and turning characters are named, not passed on.
        rows=[(stuck, pieces(stuck.title[:200])) for stuck in found[:ON_A_PAGE]],
        previous=f"/quarantine?page={number - 1}" if number > 1 else "",
        next=f"/quarantine?page={number + 1}" if len(found) > ON_A_PAGE else "",
        released=released if released.isascii() and released.isdigit() and len(released) < 10 else "",
    )


@router.post("/quarantine")
def release(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Have one row tried again, or all of them."""
    at.signed_in.actor.must("admin")
    with writing(sessions) as session:
        if one(form, "act") == "all":
            count = release_all(session, at.account_id, now)
        else:
            kind, _, row_id = one(form, "row").partition(":")
            whole = row_id.isascii() and row_id.isdigit() and len(row_id) < 19
            release_one(session, kind, int(row_id) if whole else 0, at.account_id, now)
            count = 1
    return see_other(f"/quarantine?released={count}")
