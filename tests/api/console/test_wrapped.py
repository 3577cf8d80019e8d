"""Every word that a page shows can be translated: none stands bare in a template, and none comes bare out of Python.

The first half reads the templates; the second renders every page in an invented language that writes each translated
letter as a full-width one, so that whatever is still ASCII was never given to the catalogue.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from api.console import rendering

TEMPLATES = sorted((rendering.FOLDER / "templates").glob("*.html"))
SAID_IN = {"aria-label", "title", "placeholder", "alt", "data-label"}
# Elements whose words are no language: what is typed, keys, names and texts of the outside world.
UNTRANSLATED = {"code", "kbd", "pre", "script", "style"}
WORD = re.compile(r"[^\W\d_]{2,}")
GETTEXT = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
OURS = {"Tocsin"}


class Bare(HTMLParser):
    """Collects words that stand in the template itself, in a text or in an attribute that is read out or shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNTRANSLATED:
            self.inside.append(tag)
        self.found += [value for name, value in attrs if name in SAID_IN and value and WORD.search(value)]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.found += [data.strip()] if set(WORD.findall(data)) - OURS else []


def bare(source: str) -> list[str]:
    """Return the words of a template that no catalogue is asked for."""
    html, found = "", []
    for kind, tokens in parts(source):
        if kind == "data":
            html += tokens[0][1]
        else:
            found += [text for text in strings(tokens) if is_shown(html)]
            html += "0"
    reader = Bare()
    reader.feed(html)
    return found + reader.found


def parts(source: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what is written as it stands, and the tokens of each expression; bodies of `trans` are left out."""
    held: list[tuple[str, str]] = []
    kind, translating = "", False
    for _, token, value in rendering.environment().lex(source):
        if token == "data":
            if not translating:
                yield "data", [(token, value)]
        elif token in {"variable_begin", "block_begin"}:
            kind, held = token, []
        elif token == "variable_end":
            if not translating:
                yield "shown", held
        elif token == "block_end":
            names = [text for what, text in held if what == "name"]
            translating = names[:1] == ["trans"] or (translating and names[:1] != ["endtrans"])
        elif kind and token != "whitespace":
            held.append((token, value))


def strings(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the strings of an expression that would be shown as they are."""
    for place, (token, value) in enumerate(tokens):
        before = [text for _, text in tokens[max(0, place - 2) : place]]
        after = [text for _, text in tokens[place + 1 : place + 2]]
        if token != "string" or not WORD.search(value):
            continue
        if set(before[-1:] + after) & {"==", "!=", "in"} or before[-1:] == ["["]:
            continue  # compared, or a key
        if before[-1:] == ["("]:
            if before[0] in GETTEXT or "|" in [text for _, text in tokens[max(0, place - 3) : place]]:
                continue
            if not re.search(r"[A-Z]|\s", value[1:-1]):
                continue  # a macro's first argument is a field's name
        elif place > 3 and tokens[place - 4][1] in GETTEXT:
            continue  # the plural
        elif before[-1:] == [","] and not re.search(r"[A-Z]|\s", value[1:-1]):
            continue  # a macro's later arguments, such as the type of a field
        yield value


def is_shown(html: str) -> bool:
    """Whether what follows `html` is read: outside of a tag, or in an attribute that is shown or read out."""
    tag = html[html.rfind("<") :] if "<" in html else ">"
    if ">" in tag:
        return True
    attribute = re.search(r'([\w-]+)="[^"]*$', tag)
    return bool(attribute and attribute[1] in SAID_IN)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_word_of_a_template_stands_bare(path: Path) -> None:
    assert bare(path.read_text()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "<p>Nobody looked.</p>",
        '<p>{{ "Nobody" if x else _("Somebody") }}</p>',
        '<nav aria-label="Pages"></nav>',
        '<nav aria-label="{{ "pages" if x }}"></nav>',
        '{{ field("q", "Words in the text") }}',
        "{% trans %}Somebody{% endtrans %} looked.",
    ],
)
def test_a_bare_word_is_found(wrong: str) -> None:
    assert bare(wrong) != []


@pytest.mark.parametrize(
    "right",
    [
        '<p>{{ _("Nobody") }}</p>',
        '<option value="{{ "yes" if x }}">',
        '{{ field("q", _("Words"), "search") }}',
        '{% if x == "Nobody" %}{% trans count=n %}One{% pluralize %}Many{% endtrans %}{% endif %}',
        '{{ ngettext("%(num)s day", "%(num)s days", n) }}',
        "<code>tocsin work</code>",
    ],
)
def test_what_can_be_translated_is_left_alone(right: str) -> None:
    assert bare(right) == []
