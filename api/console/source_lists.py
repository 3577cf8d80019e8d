"""Lists of sources in the console: taken in and given out as OPML, and found from a site's address.

A list comes as a file, so this is the one form of the console that takes one.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData, UploadFile

from api import auth, opml
from api.console.desk import At, ConsoleRoute, Desk, Posted, one
from api.console.rendering import HEADERS, page, sentence
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now, ReadSession
from api.errors import Invalid, NotAllowed
from ingest.discover import Discovery, discover
from ingest.errors import IngestError
from ingest.http import Network
from ingest.opml import MAX_BYTES
from models.database import writing

MOST_REFUSED = 100

router = APIRouter(route_class=ConsoleRoute)


async def uploaded(request: Request, at: At) -> AsyncIterator[FormData]:
    """Give a form with at most one file, and put the file away; raises NotAllowed without the session's secret."""
    async with request.form(max_files=1, max_fields=10) as form:
        if not auth.csrf_matches(at.signed_in, one(form, "csrf")):
            raise NotAllowed(
                _("this form is older than your session, or came from elsewhere; reload its page and send again")
            )
        yield form


Uploaded = Annotated[FormData, Depends(uploaded)]


@router.get("/sources/opml")
def give_out(at: At, session: ReadSession) -> Response:
    """Give every source that has an address as an OPML list."""
    del at  # whoever may read
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="tocsin-sources.opml"'}
    return Response(opml.give_out(session), media_type="text/x-opml; charset=utf-8", headers=headers)


@router.post("/sources/opml")
def take_in(at: At, form: Uploaded, sessions: AllSessions, now: Now) -> Response:
    """Watch the sources of a list, and say what became of each line that was not taken."""
    at.signed_in.actor.must("lead")
    body = read_file(form)
    try:
        with writing(sessions) as session:
            taken = opml.take_in(session, body, now)
    except IngestError as refused:
        return lists_page(at, error=sentence(str(refused)))
    return lists_page(at, taken=taken)


@router.get("/sources/find")
def find_page(at: At) -> Response:
    """Show the form that looks for feeds, and the one that takes a list."""
    at.signed_in.actor.must("lead")
    return lists_page(at)


@router.post("/sources/find")
def find(at: At, form: Posted, settings: CurrentSettings) -> Response:
    """Look for feeds, news sitemaps and pages of articles at an address; takes up to a minute and keeps nothing."""
    at.signed_in.actor.must("lead")
    url = one(form, "url")
    if url and "://" not in url:
        url = f"https://{url}"
    try:
        found = discover(Network(settings.ingest), settings.ingest, url)
    except IngestError as refused:
        return lists_page(at, url=url, error=sentence(str(refused)))
    return lists_page(at, url=url, found=found)


def lists_page(
    at: Desk, *, url: str = "", found: Discovery | None = None, taken: opml.Taken | None = None, error: str = ""
) -> Response:
    """Return the page of both forms, with what came of one of them."""
    return page(
        "source_lists.html",
        422 if error else 200,
        desk=at,
        url=url,
        found=found,
        taken=taken,
        refused=taken.refused[:MOST_REFUSED] if taken else [],
        error=error,
        interval="900",
    )


def read_file(form: FormData) -> bytes:
    """Return the file that was sent; raises Invalid without one, or where it is too large for a list."""
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise Invalid(_("choose a file; go back and do so"))
    body = sent.file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid(_("the file is larger than a list of sources can be"))
    return body
