"""The console's words in the reader's language: gettext catalogues, and which of them this request is answered in.

English stands in the code and is the key; `locales/*.po` hold the others and are read as they are, so that a fresh
clone needs no build. Messages are formatted with `%(name)s`, here and in templates alike; a plain per cent sign is
written `%%`. Which language a request speaks is held in a context variable, so that words deep inside a page find it.
It knows no page, no table and no cookie.
"""

import gettext as standard
import io
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locales"
SOURCE = "en"
# Each language by the name that its speakers look for.
LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français", "ar": "العربية", "sw": "Kiswahili"}
MOST_WISHES = 20  # of an Accept-Language header
Key = TypeVar("Key")


@dataclass
class Speaking:
    """The language of one request, and the address to come back to after changing it."""

    locale: str = SOURCE
    address: str = "/"

    @property
    def direction(self) -> str:
        """The side on which its lines begin, as HTML says it: `ltr` or `rtl`."""
        return direction(self.locale)


_speaking: ContextVar[Speaking | None] = ContextVar("speaking", default=None)


def speak(locale: str, address: str = "/") -> None:
    """Answer the rest of this request in one language."""
    _speaking.set(Speaking(locale, address))


def change(locale: str | None) -> None:
    """Take another language for this request, once it is known who asks; unknown ones change nothing."""
    held = _speaking.get()
    if held is not None and locale and locale in LANGUAGES:
        held.locale = locale


def speaking() -> Speaking:
    """Return the language of this request; English outside of one."""
    return _speaking.get() or Speaking()


def choose(cookie: str | None, accepted: str | None) -> str:
    """Return the language that the cookie names, else the best that the browser accepts, else English."""
    if cookie and cookie in LANGUAGES:
        return cookie
    return next((wish for wish in wishes(accepted or "") if wish in LANGUAGES), SOURCE)


def wishes(header: str) -> Iterator[str]:
    """Yield the languages of an Accept-Language header, most wanted first, without their regions."""
    found = []
    for place, part in enumerate(header.split(",")[:MOST_WISHES]):
        name, _, more = part.partition(";")
        try:
            weight = float(more.strip().removeprefix("q=")) if more.strip() else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            found.append((-weight, place, name.strip().partition("-")[0].lower()))
    yield from (name for _, _, name in sorted(found))


def gettext(message: str, **values: Any) -> str:
    """Return a message in this request's language, with `%(name)s` filled in from `values`."""
    return translate(message) % values


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """Return the form that fits `num` things, with `%(num)s` and `values` filled in."""
    return translate_plural(one, many, num) % ({"num": num} | values)


def translate(message: str) -> str:
    """Return a message without filling it in; templates fill in themselves, and escape what they do."""
    return catalogue(speaking().locale).gettext(message)


def translate_plural(one: str, many: str, num: int) -> str:
    """Return the form for `num` without filling it in."""
    return catalogue(speaking().locale).ngettext(one, many, num)


def translate_in_context(context: str, message: str) -> str:
    """Return a message whose English says two things, told apart by `context`."""
    return catalogue(speaking().locale).pgettext(context, message)


def translate_plural_in_context(context: str, one: str, many: str, num: int) -> str:
    """Return the form for `num` of a message in a context."""
    return catalogue(speaking().locale).npgettext(context, one, many, num)


@cache
def catalogue(locale: str) -> standard.NullTranslations:
    """Read one language's catalogue; the source language has none."""
    if locale == SOURCE:
        return standard.NullTranslations()
    with (FOLDER / f"{locale}.po").open("rb") as file:
        read = read_po(file, locale=locale, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


@cache
def direction(locale: str) -> str:
    """Return `rtl` for languages written from the right, `ltr` for all others."""
    return "rtl" if Locale.parse(locale).text_direction == "rtl" else "ltr"


class Spoken(Mapping[Key, str]):
    """Words for keys, in the language of whoever asks: the keys stay, what is shown is translated."""

    def __init__(self, words: Mapping[Key, str]) -> None:
        self.words = dict(words)

    def __getitem__(self, key: Key) -> str:
        """Return the word for a key."""
        return gettext(self.words[key])

    def __iter__(self) -> Iterator[Key]:
        """The keys, in the order in which they were written."""
        return iter(self.words)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.words)
