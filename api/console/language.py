"""The switch at the foot of every page: another language, kept in this browser and with the account."""

from fastapi import APIRouter, Request, Response

from api import auth
from api.console.desk import LANGUAGE, ConsoleRoute, clean, one, session_cookie
from api.console.rendering import see_other
from api.console.sign_in import YEAR, local_path, set_cookie
from api.console.translation import LANGUAGES
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import Invalid, NotAllowed
from models.account import Account
from models.database import writing

router = APIRouter(route_class=ConsoleRoute)


@router.post("/language")
async def switch(request: Request, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Keep the language that was pressed; before signing in there is only the browser to keep it in."""
    form = await request.form(max_files=0, max_fields=5)
    locale = one(form, "locale")
    if locale not in LANGUAGES:
        raise Invalid(_("a language is one of %(languages)s", languages=", ".join(LANGUAGES)))
    signed_in = auth.session_actor(sessions, request.cookies.get(session_cookie(settings)), now)
    if signed_in is not None:
        if not auth.csrf_matches(signed_in, one(form, "csrf")):
            raise NotAllowed(_("this form is older than your session; reload its page and choose again"))
        with writing(sessions) as session:
            session.get_one(Account, signed_in.actor.account_id).locale = locale
    answer = see_other(local_path(clean(one(form, "back"))))
    set_cookie(answer, settings, LANGUAGE, locale, YEAR)
    return answer
