"""One's own account: password, second factor, where one is signed in."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api import second_factor, signing_in
from api.console.desk import At, ConsoleRoute, Desk, Posted, one, session_cookie
from api.console.refusals import told
from api.console.rendering import page, see_other
from api.console.sign_in import address_of
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.console.words import ROLE_NAMES
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import ApiError, Conflict, Invalid, TooMany, Unavailable
from api.passwords import SHORTEST
from api.settings import Settings
from models.account import Account
from models.credential import Password, SecondFactor
from models.database import Sessions, reading, writing

DONE = Spoken(
    {
        "password": "Your password was changed, and you are signed out everywhere else.",
        "ended": "Your second factor no longer counts.",
    }
)
REFUSED = (Invalid, TooMany, Conflict, Unavailable)

router = APIRouter(route_class=ConsoleRoute)


@router.get("/account")
def show(request: Request, at: At, sessions: AllSessions, settings: CurrentSettings) -> Response:
    """Show how one signs in, and let one change it."""
    return account_page(sessions, settings, at, done=DONE.get(request.query_params.get("done", ""), ""))


@router.post("/account/password")
def change_password(
    request: Request, at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Set or change one's password."""
    try:
        signing_in.change_password(
            sessions,
            at.signed_in.actor,
            one(form, "current"),
            one(form, "new"),
            now,
            keep=request.cookies.get(session_cookie(settings), ""),
            address=address_of(request),
        )
    except REFUSED as refused:
        return account_page(sessions, settings, at, refused=refused)
    return see_other("/account?done=password")


@router.post("/account/second-factor")
def change_second_factor(
    at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Enrol a second factor, end it, or have new recovery codes; ending and new codes need a code."""
    act, code = one(form, "act"), one(form, "code")
    try:
        if act == "begin":
            return enrolment_page(sessions, settings, at, now)
        if act == "confirm":
            return confirm(sessions, settings, at, code, now)
        if act not in {"end", "codes"}:
            raise Invalid(_("the form says neither to enrol, nor to end, nor to make new codes"))
        if act == "end" and needed(sessions, settings, at.account_id):
            raise Conflict(_("your role needs a second factor; an administrator can reset it"))
        signing_in.prove(sessions, settings, at.account_id, code, now)
        with writing(sessions) as session:
            if act == "codes":
                codes = second_factor.new_codes(session, at.account_id, now)
            else:
                second_factor.remove(session, at.account_id, at.account_id, now)
    except REFUSED as refused:
        return account_page(sessions, settings, at, refused=refused)
    if act == "codes":
        return page("recovery_codes.html", desk=at, codes=codes, onward="/account")
    return see_other("/account?done=ended")


def confirm(sessions: Sessions, settings: Settings, at: Desk, code: str, now: Now) -> Response:
    """Let the new second factor count, or show its picture again when the code is wrong."""
    codes = signing_in.enrol(sessions, settings, at.account_id, code, now)
    if codes is None:
        wrong = Invalid(_("this code is wrong; is the telephone's clock right?"))
        return enrolment_page(sessions, settings, at, now, wrong)
    return page("recovery_codes.html", desk=at, codes=codes, onward="/account")


def enrolment_page(
    sessions: Sessions, settings: Settings, at: Desk, now: Now, refused: ApiError | None = None
) -> Response:
    """Return the page with the code to scan."""
    with writing(sessions) as session:
        seed = second_factor.begin(session, at.account_id, settings.accounts.account_key, now)
    picture = second_factor.picture_of(second_factor.address_of(seed, at.name))
    return page(
        "enrol.html",
        refused.status if refused else 200,
        desk=at,
        picture=picture,
        seed=seed,
        error=told(refused) if refused else "",
    )


def account_page(
    sessions: Sessions, settings: Settings, at: Desk, *, done: str = "", refused: ApiError | None = None
) -> Response:
    """Return the page of one's own account."""
    with reading(sessions) as session:
        account = session.get_one(Account, at.account_id)
        return page(
            "account.html",
            refused.status if refused else 200,
            desk=at,
            account=account,
            role_names=ROLE_NAMES,
            password=session.get(Password, at.account_id),
            factor=factor_of(session, at.account_id),
            codes_left=second_factor.codes_left(session, at.account_id),
            needed=account.role in settings.accounts.second_factor_roles,
            shortest=SHORTEST,
            done=done,
            error=told(refused) if refused else "",
        )


def factor_of(session: Session, account_id: int) -> SecondFactor | None:
    """Return the second factor that counts."""
    known = session.get(SecondFactor, account_id)
    return known if known is not None and known.confirmed_at is not None else None


def needed(sessions: Sessions, settings: Settings, account_id: int) -> bool:
    """Whether this person's role needs a second factor."""
    with reading(sessions) as session:
        return session.get_one(Account, account_id).role in settings.accounts.second_factor_roles
