"""The settings as they hold now, with their defaults and where each was set; secrets are named and never shown.

They are changed where they are set, outside of the console: whoever may change the environment of the service is not
whoever signs in.
"""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from api import settings as all_settings
from api.console.desk import At, ConsoleRoute
from api.console.rendering import page
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import CurrentSettings
from api.setting import Setting
from api.settings import ROOMS, Settings
from api.settings_page import plain, sentence, shown

SPOKEN_ROOMS = Spoken(
    {
        "api": "Service",
        "accounts": "People",
        "ingest": "Collecting",
        "classify": "Classifying",
        "warn": "Warning",
        "assist": "Help from other machines",
    }
)
# What gives a secret away by its name, besides those that the description says are secret.
SECRET = re.compile(r"(?:password|secret|token|credentials|_key)$")
# Whoever stands before the @ of an address, and a password in its query.
PASSWORD = re.compile(r"(?<=//)[^\s,]*(?=@)|(?<=password=)[^&\s,]*")

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Shown:
    """One setting as the page shows it."""

    variable: str
    value: str
    default: str
    place: str
    help: str
    changed: bool


@router.get("/settings")
def show(at: At, settings: CurrentSettings) -> Response:
    """Show every setting by room, those that somebody set first."""
    at.signed_in.actor.must("admin")
    places = all_settings.places()
    rows: dict[str, list[Shown]] = {room: [] for room in SPOKEN_ROOMS}
    for one in all_settings.describe():
        rows[one.room].append(row_of(one, settings, places.get(one.name, "")))
    return page(
        "settings.html",
        desk=at,
        rooms=[(SPOKEN_ROOMS[room], sorted(some, key=lambda row: not row.changed)) for room, some in rows.items()],
    )


def row_of(one: Setting, settings: Settings, place: str) -> Shown:
    """Return one setting with its value; where nobody set it, the default holds."""
    holder: Any = getattr(settings, one.room) if one.room in ROOMS else settings
    return Shown(
        variable=one.variable,
        value=masked(one, getattr(holder, one.name)),
        default=shown(one).strip("`"),
        place=place,
        help=sentence(one).replace("\\|", "|"),
        changed=bool(place),
    )


def masked(one: Setting, value: Any) -> str:
    """Return a value as it may be shown: of a secret only whether there is one, of an address no password."""
    if one.secret or SECRET.search(one.name):
        return _("set, and not shown") if value else _("empty")
    return PASSWORD.sub("***", plain(value)) or _("empty")
