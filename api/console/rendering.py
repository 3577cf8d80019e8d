"""Turn a template and its values into an answer that runs no foreign code and loads nothing from elsewhere.

Templates escape everything; the headers forbid what escaping could miss. It knows no page and no table.
"""

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.console import words
from classify import labels

FOLDER = Path(__file__).parent
ASSETS = {"console.css": "text/css", "console.js": "text/javascript", "bell.svg": "image/svg+xml"}
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render `template` with `values`; raises `jinja2.UndefinedError` when it uses a value that is not there."""
    return HTMLResponse(environment().get_template(template).render(**values), status, HEADERS)


def see_other(path: str) -> RedirectResponse:
    """Answer a form with another page, so that reloading does not send the form again."""
    return RedirectResponse(path, 303, HEADERS)


@cache
def environment() -> Environment:
    """Return the templates, escaped without exception, with the console's filters."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"words": words, "labels": labels, "asset": asset}
    made.filters |= {"when": when, "ago": ago, "percent": percent, "number": number, "sentence": sentence, "name": name}
    return made


@cache
def asset(name: str) -> str:
    """Return the address of a file of ours, which changes with its content."""
    digest = hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()
    return f"/static/{name}?{digest[:12]}"


def when(moment: dt.datetime | None, bucket: str = "") -> Markup | str:
    """Return a time as people and machines read it, in UTC; only the day for the bucket `day`, a dash for none."""
    if moment is None:
        return "–"
    moment = moment.astimezone(dt.UTC)
    day = f"{moment.day} {moment:%b %Y}"
    shown = day if bucket == "day" else f"{day}, {moment:%H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), shown)


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long before (or after) `now` a time lies, in its largest unit."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    size = next(((name, length) for name, length in _UNITS if abs(seconds) >= length), None)
    if size is None:
        return "now"
    count = int(abs(seconds) // size[1])
    unit = size[0] if count == 1 else f"{size[0]}s"
    return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"


_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def percent(probability: float) -> str:
    """Return a probability or share as a whole percentage; a little is not nothing, and nearly sure is not sure."""
    if probability <= 0:
        return "0%"
    whole = round(probability * 100)
    return "<1%" if whole < 1 else ">99%" if whole > 99 else f"{whole}%"


def number(count: float) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")


def name(key: object, spoken: dict[Any, Any]) -> str:
    """Return the word for a key, or the key itself where a newer part of the system has one that we lack."""
    return str(spoken.get(key, key))


def sentence(detail: str) -> str:
    """Return an error's words as a sentence: a capital at the start and a stop at the end."""
    return detail[:1].upper() + detail[1:] + ("" if detail.endswith((".", "?", "!")) else ".")
