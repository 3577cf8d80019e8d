"""Sign in with a link that works once or a password, sign out, and say how one likes to read.

Opening the link only shows a button: mail and chat programs that preview links would use it up otherwise. Further steps
are in `steps.py`, the way over an OpenID provider in `single_sign_on.py`.
"""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData

from api import auth, signing_in
from api.auth import SignedIn
from api.console.desk import PREFERENCES, At, ConsoleRoute, Posted, clean, one, session_cookie, write_preferences
from api.console.refusals import told
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now, Throttle
from api.errors import ApiError, NotAllowed, NotSignedIn, TooMany
from api.settings import Settings

router = APIRouter(route_class=ConsoleRoute)
YEAR = 365 * 24 * 3600


async def stranger_form(request: Request) -> FormData:
    """Return the form of somebody without a session; raises NotAllowed when another site sent it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise NotAllowed(_("this sign-in came from another site; open your link in the browser itself"))
    return await request.form(max_files=0, max_fields=10)


StrangerForm = Annotated[FormData, Depends(stranger_form)]


@router.get("/sign-in")
def ask_to_sign_in(settings: CurrentSettings, key: str = "") -> Response:
    """Show the button that opens a session, or how to get a link."""
    return sign_in_page(settings, key=clean(key)[:200])


@router.post("/sign-in")
def sign_in(
    request: Request, form: StrangerForm, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Use a link up, or check a name and a password, and open a session or the first half of one."""
    agent, name = request.headers.get("user-agent", ""), one(form, "name")[:254]
    try:
        if "key" in form:
            opened = signing_in.with_link(sessions, settings, one(form, "key"), now, agent=agent)
        else:
            opened = signing_in.with_password(
                sessions, settings, name, one(form, "password"), now, address=address_of(request), agent=agent
            )
    except NotSignedIn as refused:
        if "key" in form:
            throttle: Throttle = request.app.state.throttle
            throttle.count(address_of(request), now)
            signing_in.refused(sessions, None, "link", now)
        return sign_in_page(settings, refused=refused, name=name)
    except TooMany as refused:
        return sign_in_page(settings, refused=refused, name=name)
    return welcome(settings, opened, now)


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


def sign_in_page(settings: Settings, *, key: str = "", name: str = "", refused: ApiError | None = None) -> Response:
    """Return the page on which one signs in; `refused` says why the last try failed."""
    provider = settings.accounts.oidc_name if settings.accounts.oidc_issuer else ""
    answer = page(
        "sign_in.html",
        refused.status if refused else 200,
        desk=None,
        key=key,
        typed=name,
        provider=provider,
        error=told(refused) if refused else "",
    )
    if refused is not None and refused.retry_after is not None:
        answer.headers["Retry-After"] = str(max(1, int(refused.retry_after.total_seconds())))
    return answer


def welcome(settings: Settings, opened: tuple[str, SignedIn], now: dt.datetime) -> Response:
    """Give the browser its cookie and lead it to the step that is due, or into the console."""
    step = signing_in.next_step(opened[1])
    answer = see_other(f"/sign-in/{step}" if step else "/")
    give_cookie(answer, settings, opened, now)
    return answer


def give_cookie(answer: Response, settings: Settings, opened: tuple[str, SignedIn], now: dt.datetime) -> None:
    """Set the session's cookie."""
    secret, signed_in = opened
    lifetime = int((signed_in.expires_at - now).total_seconds())
    set_cookie(answer, settings, session_cookie(settings), secret, lifetime)


def set_cookie(answer: Response, settings: Settings, name: str, value: str, seconds: int) -> None:
    """Set a cookie that no script reads and no other site sends along with a form."""
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=settings.secure, httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    """Return where a request comes from; behind a proxy on this machine, what the proxy says."""
    return request.client.host if request.client else ""


def local_path(path: str) -> str:
    """Return `path` if it stays on this console, the overview otherwise."""
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if inside else "/"
