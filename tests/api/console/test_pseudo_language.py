"""Every page in an invented language whose letters are full-width: what stays ASCII was never given to the catalogue.

This finds words that Python puts into a page, which no reading of the templates can see. Names, codes and texts of the
outside world stay as they are, so they must stand in `bdi`, `code` or an element with a direction or language of its
own; that is also what shows them right inside a page that runs the other way.
"""

import gettext
import re
from html.parser import HTMLParser

import pytest

from api.console import translation
from models.database import Sessions
from tests.api.console.conftest import Browser
from tests.api.console.world import PAGES, build

KEPT = re.compile(r"%\(\w+\)s|%%|<[^>]*>|&\w+;")
WORD = re.compile(r"[A-Za-z]{2,}")
ALONE = {"bdi", "code", "kbd", "pre", "script", "style", "time", "abbr", "text"}
SAID_IN = {"aria-label", "title", "placeholder", "alt", "data-label"}
VOID = {"meta", "link", "input", "img", "br", "line", "rect", "polygon", "polyline"}
NAMES = {"Tocsin", "UTC", "CSV", "TLP", "AMBER"}


def wide(message: str) -> str:
    """Write a message's letters full-width, and leave what is filled in, and tags, alone."""
    kept, at, said = list(KEPT.finditer(message)), 0, ""
    for match in [*kept, None]:
        end = match.start() if match else len(message)
        said += "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in message[at:end])
        said += match[0] if match else ""
        at = match.end() if match else end
    return said


class Wide(gettext.NullTranslations):
    """The invented language."""

    def gettext(self, message: str) -> str:
        return wide(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return wide(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return wide(message)


class Narrow(HTMLParser):
    """Collects words in ASCII outside of what stands alone."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = tag in ALONE or (tag != "html" and bool({"lang", "dir", "translate"} & given.keys()))
        if not self.alone and not own:
            self.look(" ".join(value or "" for name, value in attrs if name in SAID_IN))
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.alone:
            self.look(data)

    @property
    def alone(self) -> bool:
        return any(own for _, own in self.open)

    def look(self, text: str) -> None:
        if set(WORD.findall(text)) - NAMES:
            self.found.append(" ".join(text.split()))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a page says does not depend on the database."""
    return sqlite_url


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_can_be_translated(
    sessions: Sessions, admin: Browser, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(sessions)
    monkeypatch.setattr(translation, "catalogue", lambda locale: Wide())
    answer = admin.get(path)
    assert answer.status_code == (404 if path.endswith("999") else 200)
    reader = Narrow()
    reader.feed(answer.text)
    assert reader.found == []
