"""Take apart JSON that strangers wrote: every look may find another type than expected, and none may raise."""

import json
import math
from typing import Any

from ingest.text import MARKUP, dump_text

NO_JSON = "it is no JSON, perhaps a login page"


def loaded(body: bytes) -> tuple[Any, str]:
    """Return the value and "", or None and what is wrong: "cut" when it begins like JSON and does not end."""
    text = body.decode("utf-8-sig", "replace").strip()
    try:
        return json.loads(text, parse_constant=str), ""
    except RecursionError:
        return None, NO_JSON
    except json.JSONDecodeError as error:
        # Half an answer is understood up to its end; what is no JSON at all fails before.
        at_end = error.pos >= len(text) - 8 or error.msg.startswith("Unterminated")
        return None, "cut" if text[:1] in ("{", "[") and at_end else NO_JSON
    except ValueError:  # a number of thousands of digits
        return None, NO_JSON


def at(value: Any, *path: str | int) -> Any:
    """Return what lies at `path` inside objects and lists, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text_at(value: Any, *path: str | int) -> str | None:
    """Return the text at `path`, or None where there is none or only spaces."""
    found = at(value, *path)
    return found if isinstance(found, str) and found.strip() else None


def name_at(value: Any, *path: str | int) -> str | None:
    """Return an identifier at `path`, written as text or as a whole number."""
    found = at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return text_at(found)


def number_at(value: Any, *path: str | int) -> float | None:
    """Return the number at `path`, written as a number or as text."""
    found = at(value, *path)
    try:
        number = float(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def list_at(value: Any, *path: str | int) -> list[Any]:
    """Return the list at `path`, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def plain(markup: str | None) -> str:
    """Return what a person reads in a piece of markup."""
    if not markup:
        return ""
    return dump_text(markup)[0] if MARKUP.search(markup) else markup.strip()


def paragraphs(*parts: str | None) -> str:
    """Return the parts that say something, one below the other."""
    return "\n".join(part.strip() for part in parts if part and part.strip())
