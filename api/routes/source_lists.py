"""Find what can be watched at an address, and exchange lists of sources with feed readers."""

import datetime as dt

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api import opml
from api.dependencies import CurrentSettings, Lead, Now, Reader, ReadSession, Session
from api.errors import Invalid
from api.problems import describe_failures
from api.strict_json import StrictRoute
from ingest.discover import discover
from ingest.errors import IngestError
from ingest.http import Network
from ingest.opml import MAX_BYTES

router = APIRouter(prefix="/v1/sources", tags=["sources"], route_class=StrictRoute)


class AddressSent(BaseModel):
    """Where to look."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"url": "https://radio.example.org/"}})

    url: str = Field(max_length=2048)


class FoundShape(BaseModel):
    """A place that can be watched."""

    url: str
    kind: str
    title: str | None
    how: str = Field(description="How it was found, in words.")
    entries: int
    newest: dt.datetime | None


class Asked(BaseModel):
    """A place that was asked."""

    url: str
    answer: str


class DiscoveryShape(BaseModel):
    """What was found, the best first, and what was asked on the way."""

    found: list[FoundShape]
    asked: list[Asked]


class OpmlSent(BaseModel):
    """A list of sources."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"opml": '<opml version="2.0"><body><outline xmlUrl="..."/></body></opml>'}},
    )

    opml: str = Field(max_length=MAX_BYTES)


class RefusedShape(BaseModel):
    """A line of a list that could not be taken."""

    name: str
    reason: str


class TakenShape(BaseModel):
    """What became of a list."""

    added: int
    known: int
    refused: list[RefusedShape]


@router.post("/discover", summary="Find feeds of a site", responses=describe_failures(401, 403, 422))
def discover_sources(_who: Lead, settings: CurrentSettings, sent: AddressSent) -> DiscoveryShape:
    """Look for feeds, news sitemaps and pages of articles at an address; nothing is stored. Takes up to a minute."""
    try:
        discovery = discover(Network(settings.ingest), settings.ingest, sent.url)
    except IngestError as error:
        raise Invalid(f"url: {error}") from error
    return DiscoveryShape(
        found=[FoundShape.model_validate(found, from_attributes=True) for found in discovery.found],
        asked=[Asked(url=url, answer=answer) for url, answer in discovery.asked],
    )


@router.get(
    "/opml",
    summary="Sources as OPML",
    response_class=Response,
    responses={200: {"content": {"text/x-opml": {}}}, **describe_failures(401, 403, 422)},
)
def export_opml(_who: Reader, session: ReadSession) -> Response:
    """Give every source that has an address as an OPML list, which feed readers can read."""
    return Response(
        opml.give_out(session),
        media_type="text/x-opml; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="tocsin-sources.opml"'},
    )


@router.post("/opml", summary="Watch a list", responses=describe_failures(401, 403, 422))
def import_opml(_who: Lead, session: Session, now: Now, sent: OpmlSent) -> TakenShape:
    """Watch the sources of an OPML list; a known address is left as it is, and one bad line costs no other."""
    try:
        taken = opml.take_in(session, sent.opml.encode("utf-8", "replace"), now)
    except IngestError as error:
        raise Invalid(f"opml: {error}") from error
    refused = [RefusedShape(name=name, reason=reason) for name, reason in taken.refused]
    return TakenShape(added=taken.added, known=taken.known, refused=refused)
