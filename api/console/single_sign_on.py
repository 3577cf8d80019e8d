"""The way in over an OpenID provider: there, and back.

Both are plain links: the policy of our pages lets a form lead nowhere else, and `state` in a cookie of this browser is
what a form's secret is elsewhere.
"""

from fastapi import APIRouter, Request, Response

from api import signing_in, vouching
from api.console.desk import ConsoleRoute
from api.console.rendering import see_other
from api.console.sign_in import set_cookie, sign_in_page, welcome
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import NotFound, NotSignedIn, TooMany, Unavailable
from api.oidc import UNDER_WAY, Provider
from api.settings import Settings
from ingest.http import Network

LONGEST = 4_000
CALLBACK = "/sign-in/oidc/callback"

router = APIRouter(route_class=ConsoleRoute)


@router.get("/sign-in/oidc")
def depart(request: Request, settings: CurrentSettings, now: Now) -> Response:
    """Send the browser to the provider."""
    try:
        departure = provider_of(request, settings).depart(settings.base_url + CALLBACK, now)
    except Unavailable as refused:
        return sign_in_page(settings, refused=refused)
    answer = see_other(departure.address)
    set_cookie(answer, settings, cookie_name(settings), departure.sealed, int(UNDER_WAY.total_seconds()))
    return answer


@router.get("/sign-in/oidc/callback")
def arrive(request: Request, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Take up whom the provider vouches for."""
    provider = provider_of(request, settings)
    query = {name: value[:LONGEST] for name, value in request.query_params.items()}
    sealed = request.cookies.get(cookie_name(settings), "")
    agent = request.headers.get("user-agent", "")
    try:
        vouched = provider.arrive(query, sealed, settings.base_url + CALLBACK, now)
        answer = welcome(settings, vouching.sign_in(sessions, settings, vouched, now, agent=agent), now)
    except (NotSignedIn, TooMany, Unavailable) as refused:
        signing_in.refused(sessions, None, vouching.VIA, now)
        answer = sign_in_page(settings, refused=refused)
    answer.delete_cookie(cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="lax")
    return answer


def cookie_name(settings: Settings) -> str:
    """Return the name of the cookie of a sign-in under way."""
    return "__Host-tocsin_oidc" if settings.secure else "tocsin_oidc"


def provider_of(request: Request, settings: Settings) -> Provider:
    """Return the provider of this installation, made at its first use; raises NotFound where there is none."""
    if not settings.accounts.oidc_issuer:
        raise NotFound(_("this installation signs nobody in over a provider"))
    state = request.app.state
    if getattr(state, "provider", None) is None:
        state.provider = Provider(settings.accounts, Network(settings.ingest))
    provider: Provider = state.provider
    return provider
