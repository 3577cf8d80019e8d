"""Alerts to pull: JSONL, CSV, Atom, MISP events or a STIX 2.1 bundle, cut to a disclosure tier."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api import feeds
from api.dependencies import MAX_ID, CurrentSettings, Moment, Now, Reader, ReadSession
from api.problems import describe_failures
from models.delivery import TIERS, TLP

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])


@router.get(
    "/alerts",
    summary="Alerts to pull",
    response_class=Response,
    responses=describe_failures(401, 403, 422)
    | {
        200: {
            "description": "Alerts in the form asked for; `X-Next-After` is the `after` of a further page.",
            "content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in feeds.FORMS.values()},
        }
    },
)
def alerts(
    _who: Reader,
    session: ReadSession,
    settings: CurrentSettings,
    now: Now,
    *,
    form: Annotated[Literal[tuple(feeds.FORMS)], Query(alias="format")] = "jsonl",  # type: ignore[valid-type]
    since: Annotated[Moment | None, Query(description="Last event at this time or later.")] = None,
    until: Annotated[Moment | None, Query(description="Last event before this time.")] = None,
    min_severity: Annotated[int, Query(ge=0, le=100)] = 0,
    after: Annotated[int, Query(ge=0, le=MAX_ID, description="Alerts with a larger id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    tier: Annotated[Literal[TIERS], Query(description="How much is told.")] = "full",  # type: ignore[valid-type]
    tlp: Annotated[Literal[TLP], Query(description="The mark they carry.")] = "AMBER",  # type: ignore[valid-type]
) -> Response:
    """Give alerts in the order of their ids, silenced ones left out; the same payload as webhooks, in many forms."""
    wanted = feeds.Wanted(since, until, min_severity, after, limit, tier, tlp)
    found = feeds.collect(session, wanted, settings.base_url)
    headers = {"x-next-after": str(found[-1]["id"])} if len(found) == limit else {}
    content = feeds.write(form, found, settings.base_url, wanted, now)
    return Response(content, media_type=feeds.FORMS[form], headers=headers)
