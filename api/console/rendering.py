"""Turn a template and its values into an answer that runs no foreign code and loads nothing from elsewhere.

Templates escape everything; the headers forbid what escaping could miss. It knows no page and no table.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel import dates, numbers
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.console import alert_words, translation, words
from api.console.sentences import ELSEWHERE
from api.console.translation import gettext as _
from api.console.translation import ngettext, speaking
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
    html = environment().get_template(template).render(speaking=speaking(), **values)
    return HTMLResponse(html, status, HEADERS | {"Content-Language": speaking().locale})


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
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        translation.translate,
        translation.translate_plural,
        newstyle=True,
        pgettext=translation.translate_in_context,
        npgettext=translation.translate_plural_in_context,
    )
    made.globals |= {"words": words, "labels": labels, "asset": asset, "all_languages": translation.LANGUAGES}
    made.globals["direction"] = translation.direction
    made.filters |= {
        "when": when,
        "ago": ago,
        "percent": percent,
        "number": number,
        "sentence": sentence,
        "said": ELSEWHERE.say,
        "name": name,
    }
    made.filters |= {"decimal": decimal, "share": share, "points": points}
    made.filters |= {"alert_title": alert_words.title, "alert_summary": alert_words.summary}
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
    said = day = dates.format_date(moment, "d MMM y", locale=speaking().locale)
    if bucket != "day":
        said = _("%(day)s, %(time)s UTC", day=day, time=f"{moment:%H:%M}")
    return Markup('<time datetime="{}">{}</time>').format(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), said)


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long before (or after) `now` a time lies, in its largest unit."""
    if moment is None:
        return _("never")
    seconds = (now - moment).total_seconds()
    unit = next((length for length in (_DAY, _HOUR, _MINUTE, 1) if abs(seconds) >= length), None)
    if unit is None:
        return _("now")
    count = int(abs(seconds) // unit)
    return _past(unit, count) if seconds > 0 else _to_come(unit, count)


_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def _past(unit: int, count: int) -> str:
    if unit == _DAY:
        return ngettext("%(num)s day ago", "%(num)s days ago", count)
    if unit == _HOUR:
        return ngettext("%(num)s hour ago", "%(num)s hours ago", count)
    if unit == _MINUTE:
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", count)
    return ngettext("%(num)s second ago", "%(num)s seconds ago", count)


def _to_come(unit: int, count: int) -> str:
    if unit == _DAY:
        return ngettext("in %(num)s day", "in %(num)s days", count)
    if unit == _HOUR:
        return ngettext("in %(num)s hour", "in %(num)s hours", count)
    if unit == _MINUTE:
        return ngettext("in %(num)s minute", "in %(num)s minutes", count)
    return ngettext("in %(num)s second", "in %(num)s seconds", count)


def percent(probability: float) -> str:
    """Return a probability or share as a whole percentage; a little is not nothing, and nearly sure is not sure."""
    locale, whole = speaking().locale, round(probability * 100)
    if probability > 0 and whole < 1:
        return _("<%(percent)s", percent=numbers.format_percent(0.01, locale=locale))
    if whole > 99:
        return _(">%(percent)s", percent=numbers.format_percent(0.99, locale=locale))
    return numbers.format_percent(max(0, whole) / 100, locale=locale)


def share(part: float) -> str:
    """Return a measured share as a whole percentage, all and nothing among them."""
    return numbers.format_percent(round(part, 2), locale=speaking().locale)


def points(change: float) -> str:
    """Return a change of a share in whole percentage points, with its sign."""
    return numbers.format_decimal(round(change * 100), "+#,##0;−#,##0", locale=speaking().locale)


def number(count: float) -> str:
    """Return a count with the language's mark between thousands."""
    return numbers.format_decimal(count, locale=speaking().locale)


def decimal(value: float, digits: int = 2) -> str:
    """Return a figure with so many digits behind the language's decimal mark."""
    return numbers.format_decimal(round(value, digits), f"#,##0.{'0' * digits}", locale=speaking().locale)


def name(key: object, spoken: Mapping[Any, Any]) -> str:
    """Return the word for a key, or the key itself where a newer part of the system has one that we lack."""
    return str(spoken.get(key, key))


def sentence(detail: str) -> str:
    """Return an error's words as a sentence in the reader's language: a capital at the start, a stop at the end."""
    said = ELSEWHERE.say(detail)
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "?", "!", "؟")) else ".")
