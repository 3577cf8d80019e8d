"""The console's own style, script and picture: the only three things that a page loads."""

from fastapi import APIRouter, Response

from api.console.desk import ConsoleRoute
from api.console.rendering import ASSETS, FOLDER, HEADERS
from api.errors import NotFound

YEAR = 365 * 24 * 3600

router = APIRouter(route_class=ConsoleRoute)


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """Return one of the known files; its address holds its hash, so browsers may keep it."""
    if name not in ASSETS:
        raise NotFound(f"there is no file {name!r}")
    content = (FOLDER / "static" / name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers=HEADERS | {"Cache-Control": f"public, max-age={YEAR}"})
