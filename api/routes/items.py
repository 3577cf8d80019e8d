"""Items that a partner pushes: taken or refused one by one, so that a bad one spoils no other."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import AllSessions, CurrentSettings, Now, Pusher, Word
from api.problems import describe_failures
from api.strict_json import RawTextRoute
from ingest import read

MOST_ITEMS = 5_000
router = APIRouter(prefix="/v1/items", tags=["items"], route_class=RawTextRoute)


class ItemsSent(BaseModel):
    """Items of one source; a source of a new name is opened for them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "source": "Desk Marrok",
                "items": [
                    {
                        "external_id": "post-17",
                        "url": "https://example.org/17",
                        "title": "Market day",
                        "text": "The market of Marrok opened at eight.",
                        "author": "a handle, kept as a keyed hash",
                        "published_at": "2026-03-14T09:30:00Z",
                        "language": "en",
                    }
                ],
            }
        },
    )

    source: Word
    items: list[Any] = Field(
        max_length=MOST_ITEMS, description="Objects with `text` and, as far as known, the keys of the example."
    )


class Rejected(BaseModel):
    """An item that was not taken, and why."""

    index: int = Field(description="Its place among the items sent, from 0.")
    reason: str


class Taken(BaseModel):
    """What became of the items."""

    accepted: int = Field(description="New items, and new versions of known ones.")
    duplicates: int = Field(description="Known already, word for word.")
    held: int | None = Field(
        default=None,
        description="Accepted ones that are held back, if any: the source is over its quota.",
    )
    rejected: list[Rejected]


@router.post(
    "",
    response_model=Taken,
    response_model_exclude_none=True,
    status_code=202,
    summary="Push items",
    responses=describe_failures(401, 403, 413, 422),
)
def push_items(
    _who: Pusher, sessions: AllSessions, settings: CurrentSettings, now: Now, sent: ItemsSent
) -> dict[str, Any]:
    """Store items; they are read, assessed and ruled on within seconds. Sending one again changes nothing."""
    result = read.push(sessions, sent.source, sent.items, settings.ingest, now)
    return asdict(result) | {"held": result.held or None}
