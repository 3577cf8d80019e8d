"""The steps between a first proof and the console: a code, a new password, enrolling a second factor."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import auth, second_factor, signing_in
from api.auth import SignedIn
from api.console.desk import ConsoleRoute, one, session_cookie
from api.console.refusals import told
from api.console.rendering import page
from api.console.sign_in import StrangerForm, give_cookie, welcome
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import ApiError, Invalid, NotAllowed, TooMany
from api.passwords import SHORTEST
from api.settings import Settings
from models.database import Sessions

router = APIRouter(route_class=ConsoleRoute)
REFUSED = (Invalid, NotAllowed, TooMany)


def cookie_of(request: Request, settings: CurrentSettings) -> str:
    """Return the secret in the session's cookie."""
    return request.cookies.get(session_cookie(settings), "")


Cookie = Annotated[str, Depends(cookie_of)]


@router.get("/sign-in/code")
def ask_code(secret: Cookie, sessions: AllSessions, now: Now) -> Response:
    """Ask for a code of the second factor."""
    return code_page(signing_in.waiting(sessions, secret, signing_in.CODE, now))


@router.post("/sign-in/code")
def take_code(
    secret: Cookie, form: StrangerForm, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Check the code."""
    signed_in = checked(sessions, secret, signing_in.CODE, one(form, "csrf"), now)
    try:
        opened = signing_in.with_code(sessions, settings, secret, one(form, "code"), now)
    except REFUSED as refused:
        return code_page(signed_in, refused)
    return welcome(settings, opened, now)


@router.get("/sign-in/password")
def ask_password(secret: Cookie, sessions: AllSessions, now: Now) -> Response:
    """Ask for a new password."""
    return password_page(signing_in.waiting(sessions, secret, signing_in.PASSWORD, now))


@router.post("/sign-in/password")
def take_password(
    secret: Cookie, form: StrangerForm, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Keep the new password."""
    signed_in = checked(sessions, secret, signing_in.PASSWORD, one(form, "csrf"), now)
    try:
        opened = signing_in.with_new_password(sessions, settings, secret, one(form, "new"), now)
    except REFUSED as refused:
        return password_page(signed_in, refused)
    return welcome(settings, opened, now)


@router.get("/sign-in/enrolment")
def ask_enrolment(secret: Cookie, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Show the code to scan."""
    signed_in = signing_in.waiting(sessions, secret, signing_in.ENROLMENT, now)
    return enrolment_page(sessions, settings, secret, signed_in, now)


@router.post("/sign-in/enrolment")
def take_enrolment(
    secret: Cookie, form: StrangerForm, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Check the first code of a new second factor, and show the recovery codes once."""
    signed_in = checked(sessions, secret, signing_in.ENROLMENT, one(form, "csrf"), now)
    try:
        opened, codes = signing_in.with_enrolment(sessions, settings, secret, one(form, "code"), now)
    except REFUSED as refused:
        return enrolment_page(sessions, settings, secret, signed_in, now, refused)
    answer = page("recovery_codes.html", desk=None, codes=codes, onward="/")
    give_cookie(answer, settings, opened, now)
    return answer


def checked(sessions: Sessions, secret: str, step: str, csrf: str, now: Now) -> SignedIn:
    """Return the half-open session; raises NotSignedIn, and NotAllowed for a form that is not ours."""
    signed_in = signing_in.waiting(sessions, secret, step, now)
    if not auth.csrf_matches(signed_in, csrf):
        raise NotAllowed(_("this form is older than your sign-in, or came from elsewhere; begin again"))
    return signed_in


def code_page(signed_in: SignedIn, refused: ApiError | None = None) -> Response:
    """Return the page that asks for a code."""
    return step_page("code", signed_in, refused)


def password_page(signed_in: SignedIn, refused: ApiError | None = None) -> Response:
    """Return the page that asks for a new password."""
    return step_page("password", signed_in, refused, shortest=SHORTEST)


def enrolment_page(
    sessions: Sessions, settings: Settings, secret: str, signed_in: SignedIn, now: Now, refused: ApiError | None = None
) -> Response:
    """Return the page with the code to scan."""
    seed, name = signing_in.begin_enrolment(sessions, settings, secret, now)
    picture = second_factor.picture_of(second_factor.address_of(seed, name))
    return step_page("enrolment", signed_in, refused, picture=picture, seed=seed)


def step_page(step: str, signed_in: SignedIn, refused: ApiError | None, **values: object) -> Response:
    """Return the page of one step, with why the last try failed."""
    status = refused.status if refused else 200
    error = told(refused) if refused else ""
    return page(f"sign_in_{step}.html", status, desk=None, session=signed_in, error=error, **values)
