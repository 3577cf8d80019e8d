"""The catalogues hold every message of the console, translated, with the same placeholders and the same markup."""

import re

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from api.console.translation import FOLDER, LANGUAGES, SOURCE
from tests.catalogues import TEMPLATE, collected

OTHERS = [locale for locale in LANGUAGES if locale != SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")
TAG = re.compile(r"</?\w+[^<>]*>")
HOW = "run python -m tests.catalogues, then translate what is new"


def read(locale: str) -> Catalog:
    with (FOLDER / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def key(message: Message) -> tuple[object, str | None]:
    return message.id, message.context


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def faults(message: Message) -> list[str]:
    """Return what is wrong with the translation of one message."""
    said, source = forms(message.string), forms(message.id)
    if message.fuzzy or not all(said):
        return ["not translated"]
    found = []
    known, last = set(PLACEHOLDER.findall(source[-1])), said[-1]
    if len(source) == 1 and sorted(PLACEHOLDER.findall(last)) != sorted(PLACEHOLDER.findall(source[0])):
        found.append("other placeholders")
    # A form for one or two things may leave the number out; the last one, for many, must hold everything.
    if set(PLACEHOLDER.findall(last)) != known or any(set(PLACEHOLDER.findall(one)) - known for one in said):
        found.append("other placeholders")
    if any("%" in PLACEHOLDER.sub("", one) for one in said):
        found.append("a lone per cent sign")
    if any(sorted(TAG.findall(one)) != sorted(TAG.findall(source[-1])) for one in said):
        found.append("other markup")
    # Messages are put into pages as they are, in attributes too.
    if any(re.search(r'["&]', TAG.sub("", one)) for one in said):
        found.append("a sign that means something in HTML")
    return found


def test_the_template_is_current() -> None:
    with TEMPLATE.open("rb") as file:
        kept = {key(message) for message in read_po(file) if message.id}
    assert {key(message) for message in collected() if message.id} == kept, HOW


@pytest.mark.parametrize("locale", OTHERS)
def test_a_catalogue_holds_every_message_and_no_other(locale: str) -> None:
    wanted = {key(message) for message in collected() if message.id}
    held = {key(message) for message in read(locale) if message.id}
    assert wanted - held == set(), HOW
    assert held - wanted == set(), HOW


@pytest.mark.parametrize("locale", OTHERS)
def test_every_message_is_translated_with_what_is_filled_in(locale: str) -> None:
    wrong = [(message.id, faults(message)) for message in read(locale) if message.id and faults(message)]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("%(num)s of 100", "sur 100"),
        ("%(num)s of 100", "%(count)s sur 100"),
        ("95%% interval", "intervalle à 95 %"),
        ("<b>now</b>", "maintenant"),
        ("now", 'on dit "maintenant"'),
        ("now", ""),
        (("one", "%(num)s things"), ("une", "des choses")),
    ],
)
def test_a_wrong_translation_is_found(source: str | tuple[str, str], said: str | tuple[str, str]) -> None:
    assert faults(Message(source, string=said)) != []


def test_arabic_has_its_six_forms() -> None:
    from api.console.translation import ngettext, speak

    speak("ar")
    said = [ngettext("%(num)s day ago", "%(num)s days ago", count) for count in (1, 2, 3, 11, 100)]
    assert said == ["قبل يوم", "قبل يومين", "قبل 3 أيام", "قبل 11 يوما", "قبل 100 يوم"]
