"""Sign in with a link that works once, sign out, and say how one likes to read.

Opening the link only shows a button: mail and chat programs that preview links would use it up otherwise.
"""

from fastapi import APIRouter, Request, Response

from api import audit, auth
from api.console.desk import PREFERENCES, At, ConsoleRoute, Posted, clean, one, session_cookie, write_preferences
from api.console.rendering import page, see_other
from api.dependencies import AllSessions, CurrentSettings, Now, Throttle
from api.errors import NotAllowed, NotSignedIn
from api.settings import Settings
from models.database import writing

router = APIRouter(route_class=ConsoleRoute)
YEAR = 365 * 24 * 3600


@router.get("/sign-in")
def ask_to_sign_in(key: str = "") -> Response:
    """Show the button that opens a session, or how to get a link."""
    return page("sign_in.html", desk=None, key=clean(key)[:200], error="")


@router.post("/sign-in")
async def sign_in(request: Request, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Use the link up and open a session."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise NotAllowed("this sign-in came from another site; open your link in the browser itself")
    form = await request.form(max_files=0, max_fields=5)
    agent = request.headers.get("user-agent", "")
    try:
        secret, signed_in = auth.open_session(sessions, one(form, "key"), now, settings.session_lifetime, agent=agent)
    except NotSignedIn as refused:
        throttle: Throttle = request.app.state.throttle
        throttle.count(request.client.host if request.client else "", now)
        with writing(sessions) as session:
            audit.note(session, None, "session.refused", now)
        return page("sign_in.html", 401, desk=None, key="", error=refused.detail)
    answer = see_other("/")
    lifetime = int((signed_in.expires_at - now).total_seconds())
    set_cookie(answer, settings, session_cookie(settings), secret, lifetime)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, sessions: AllSessions, settings: CurrentSettings, now: Now, form: Posted) -> Response:
    """End the session here and in the database."""
    del form  # it has been checked
    auth.end_session(sessions, request.cookies.get(session_cookie(settings), ""), now)
    answer = see_other("/sign-in")
    answer.delete_cookie(session_cookie(settings), path="/", secure=settings.secure, httponly=True, samesite="lax")
    return answer


@router.post("/preferences")
def keep_preferences(settings: CurrentSettings, form: Posted, at: At) -> Response:
    """Remember in this browser whether words are masked and whether one key decides."""
    del at  # it has been checked
    answer = see_other(local_path(one(form, "back")))
    wanted = write_preferences(mask=one(form, "mask") == "on", keys=one(form, "keys") == "on")
    set_cookie(answer, settings, PREFERENCES, wanted, YEAR)
    return answer


def local_path(path: str) -> str:
    """Return `path` if it stays on this console, the overview otherwise."""
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if inside else "/"


def set_cookie(answer: Response, settings: Settings, name: str, value: str, seconds: int) -> None:
    """Keep a value in the browser, out of the reach of scripts."""
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=settings.secure, httponly=True, samesite="lax")
