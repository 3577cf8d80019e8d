"""The codebook as a page: every label with when it is marked, in the reader's language."""

from fastapi import APIRouter, Response

from api.console.desk import At, ConsoleRoute
from api.console.rendering import page

router = APIRouter(route_class=ConsoleRoute)


@router.get("/codebook")
def show(at: At) -> Response:
    """Show what each label means; the words stand in `classify/labels.py`."""
    return page("codebook.html", desk=at)
