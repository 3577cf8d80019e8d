"""Who sits at the screen: the browser's session, what its reader prefers, and how a refusal becomes a page.

Every page of the console asks for `At`; every form asks for `Posted`, which refuses a form that did not come from one
of our pages. It knows no noun but the two that wait for people.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api import auth
from api.console import translation
from api.console.access import NEEDS
from api.console.rendering import page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import ApiError, NotAllowed, NotSignedIn
from api.settings import Settings
from models.account import Account
from models.alert import Alert
from models.assessment import Assessment
from models.base import Keyed
from models.database import reading
from warn import errors as warn_errors

PREFERENCES = "tocsin_view"
LANGUAGE = "tocsin_language"
MAX_FIELDS = 200
COUNT_UP_TO = 1_000  # nobody plans by the exact length of a longer queue, and counting on is slow
# What everybody comes back to stands in one line; the rest is one step away, in a menu that needs no script.
LINE = Spoken({"/": "Overview", "/queue": "Queue", "/alerts": "Alerts", "/trends": "Trends"})
MENU = {
    "watching": Spoken(
        {
            "/sources": "Sources",
            "/rules": "Rules",
            "/silences": "Silences",
            "/gazetteer": "Names of groups",
            "/lexicon": "Lexicon",
        }
    ),
    "reviewing": Spoken(
        {
            "/codebook": "Codebook",
            "/training": "Training",
            "/agreement": "Agreement",
            "/precision": "Precision",
            "/thresholds": "Thresholds",
        }
    ),
    "partners": Spoken({"/webhooks": "Partners", "/deliveries": "Deliveries", "/contacts": "Directory"}),
    "installation": Spoken(
        {
            "/people": "People",
            "/audit": "Audit log",
            "/settings": "Settings",
            "/quarantine": "Quarantine",
            "/about": "About",
        }
    ),
}
HEADINGS = Spoken(
    {
        "watching": "Watching",
        "reviewing": "Reviewing",
        "partners": "Partners",
        "installation": "This installation",
    }
)
PLACES = {*LINE, *(path for pages in MENU.values() for path in pages)}
TITLES = Spoken(
    {
        401: "Sign in first",
        403: "Not allowed",
        404: "Not here",
        409: "Somebody was faster",
        422: "That does not work",
        429: "Too many tries",
        503: "Not available now",
    }
)


@dataclass(frozen=True)
class Desk:
    """One reader at one page. `mask` hides words until asked for; `keys` lets one key decide."""

    signed_in: auth.SignedIn
    here: str
    mask: bool = True
    keys: bool = True
    counts: Mapping[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> int:
        """Whose account it is."""
        return self.signed_in.actor.account_id

    @property
    def name(self) -> str:
        """What the reader is called."""
        return self.signed_in.actor.name

    @property
    def csrf(self) -> str:
        """The secret that each form carries."""
        return self.signed_in.csrf

    @property
    def may_review(self) -> bool:
        """Whether the reader may decide."""
        return self.signed_in.actor.may("review")

    @property
    def may_lead(self) -> bool:
        """Whether the reader runs a desk: rules, silences, sources, assignment, third decisions."""
        return self.signed_in.actor.may("lead")

    @property
    def may_admin(self) -> bool:
        """Whether the reader may let people and programs in."""
        return self.signed_in.actor.may("admin")

    @property
    def line(self) -> list[tuple[str, str, str]]:
        """The places that stand in the line: path, name and how much waits there."""
        return [(path, label, self.counts.get(path, "")) for path, label in LINE.items()]

    @property
    def menu(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The other places that this reader may see, in groups: key, heading and (path, name) of each."""
        may = self.signed_in.actor.may
        return [
            (key, HEADINGS[key], [(path, label) for path, label in pages.items() if may(NEEDS["GET", path])])
            for key, pages in MENU.items()
        ]


def session_cookie(settings: Settings) -> str:
    """Return the name of the session's cookie; over https browsers tie a `__Host-` cookie to this host alone."""
    return "__Host-tocsin" if settings.secure else "tocsin"


def desk(request: Request, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Desk:
    """Return who is reading; raises NotSignedIn, and NotAllowed for a session that may not read."""
    signed_in = auth.session_actor(sessions, request.cookies.get(session_cookie(settings)), now, settings.session_idle)
    if signed_in is None:
        raise NotSignedIn(_("your session has ended; open the console with a new sign-in link"))
    signed_in.actor.must("read")
    with reading(sessions) as session:
        # A form is answered by leading on; only a page shows what waits.
        counts = waiting(session) if request.method == "GET" else {}
        translation.change(session.get_one(Account, signed_in.actor.account_id).locale)
    mask, keys = read_preferences(request.cookies.get(PREFERENCES, ""))
    found = Desk(signed_in, "/" + request.url.path.split("/")[1], mask, keys, counts)
    request.state.desk = found
    return found


At = Annotated[Desk, Depends(desk)]


async def posted(request: Request, at: At) -> FormData:
    """Return the form that was sent; raises NotAllowed unless it carries the session's secret."""
    form = await request.form(max_files=0, max_fields=MAX_FIELDS)
    if not auth.csrf_matches(at.signed_in, one(form, "csrf")):
        raise NotAllowed(
            _("this form is older than your session, or came from elsewhere; reload its page and send again")
        )
    return form


Posted = Annotated[FormData, Depends(posted)]


def one(form: FormData, name: str) -> str:
    """Return what was typed in a field, without what no database takes; empty when the field is missing."""
    value = form.get(name)
    return clean(value) if isinstance(value, str) else ""


def many(form: FormData, name: str) -> list[str]:
    """Return every value that was ticked under a name."""
    return [clean(value) for value in form.getlist(name) if isinstance(value, str)]


def clean(text: str) -> str:
    """Take NUL and lone surrogates out, which PostgreSQL and UTF-8 refuse; newlines become the usual ones."""
    return text.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode().strip()


def waiting(session: Session) -> dict[str, str]:
    """Count what waits for people, by the page where it waits."""
    unread = Assessment.current & Assessment.flagged_now & (Assessment.status == "unreviewed")
    return {
        "/queue": up_to(count_up_to(session, Assessment, unread)),
        "/alerts": up_to(count_up_to(session, Alert, Alert.state == "open")),
    }


def count_up_to(session: Session, table: type[Keyed], condition: ColumnElement[bool]) -> int:
    """Count rows, giving up a little above `COUNT_UP_TO`."""
    some = select(literal(1)).select_from(table).where(condition).limit(COUNT_UP_TO + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def up_to(count: int) -> str:
    """Return a count as the page shows it; nothing for none."""
    return f"{COUNT_UP_TO}+" if count > COUNT_UP_TO else str(count or "")


def read_preferences(cookie: str) -> tuple[bool, bool]:
    """Return (mask, keys) out of the cookie; both are on until somebody switches them off."""
    return "nomask" not in cookie, "nokeys" not in cookie


def write_preferences(*, mask: bool, keys: bool) -> str:
    """Return what the cookie holds for these choices."""
    return ("mask" if mask else "nomask") + "." + ("keys" if keys else "nokeys")


class ConsoleRoute(APIRoute):
    """A route whose refusals are pages, in the words of the error, instead of JSON."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Wrap the usual handler; whoever is not signed in is shown where to sign in."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            speak_to(request)
            try:
                return await handle(request)
            except NotSignedIn as refused:
                return see_other("/sign-in") if request.method == "GET" else refusal(request, 401, refused.detail)
            except ApiError as refused:
                return refusal(request, refused.status, refused.detail)
            except warn_errors.WarnError as refused:
                return refusal(request, status_of(refused), str(refused))
            except RequestValidationError:
                return refusal(request, 404, _("There is no such page; the address may have been cut."))

        return handled


def status_of(refused: warn_errors.WarnError) -> int:
    """Return the status that a refusal of the room warn is answered with."""
    if isinstance(refused, warn_errors.NotFound):
        return 404
    return 409 if isinstance(refused, warn_errors.Conflict) else 422


def speak_to(request: Request) -> None:
    """Answer in the language of the cookie, or of the browser, until an account says otherwise."""
    locale = translation.choose(request.cookies.get(LANGUAGE), request.headers.get("accept-language"))
    translation.speak(locale, way_back(request))


def way_back(request: Request) -> str:
    """Return an address that shows this page again; a form that was refused leads to the list that it belongs to."""
    if request.method == "GET":
        return request.url.path + ("?" + request.url.query if request.url.query else "")
    first = "/" + request.url.path.split("/")[1]
    return first if first in PLACES else request.url.path


def refusal(request: Request, status: int, detail: str) -> Response:
    """Return the page that says what was refused."""
    known = getattr(request.state, "desk", None)
    return page(
        "error.html", status, desk=known, title=TITLES.get(status, _("Something is wrong")), detail=sentence(detail)
    )
