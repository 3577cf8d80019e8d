"""An alert is told in the reader's language from what it keeps, and in English exactly as the room warn told it."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.console import alert_words
from api.console.translation import speak
from models.alert import Alert
from warn import words

ABOUT: dict[str, list[str]] = {
    "signals": ["incitement", "hate_speech"],
    "targets": ["ethnicity_race", "religion"],
    "target_names": [],
    "countries": ["KE", "SD"],
    "sources": ["Radio Keshu", "Marrok Post"],
    "languages": ["sw", "en"],
}
SURGE = {"label": "signal:incitement", "name": "", "dimension": "all", "observed": 9, "window_hours": 6,
         "expected": 1.26, "p": 0.00003, "scanned": 1}  # fmt: skip
SPREAD = {"same": "message", "across": "outlet", "number": 4, "voices": 1, "window_hours": 48}
TERM = {"texts": 5, "of_texts": 20, "texts_before": 1, "of_texts_before": 300, "z_against_before": 4.25,
        "z_against_unflagged": 3.0}  # fmt: skip
OUTAGE = {"since": "2026-03-14T09:30:00+00:00", "states": ["failing", "silent"], "sources": ["Radio Keshu"]}
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("item", {}, {}),
    ("item", {}, {"target_names": ["Varni", "Oromi", "Tessa", "Fourth"], "sources": ["Radio Keshu"], "countries": []}),
    ("item", {}, {"signals": [], "targets": []}),
    ("calendar", {}, {"targets": ["gender"]}),
    ("surge", SURGE, {}),
    ("surge", SURGE | {"label": "any", "dimension": "target", "name": "disability"}, {}),
    ("surge", SURGE | {"label": "pathway:ideology", "dimension": "target_name", "name": "Varni"}, {"countries": []}),
    ("surge", SURGE | {"label": "stance:condemns", "dimension": "language", "name": "sw"}, {}),
    ("surge", SURGE | {"label": "stance:reports", "dimension": "source", "name": "Radio Keshu"}, {}),
    ("spread", SPREAD, {}),
    ("spread", SPREAD | {"same": "target_name", "across": "country", "voices": 3}, {}),
    ("spread", SPREAD | {"across": "region"}, {}),
    ("spread", SPREAD | {"across": "language"}, {}),
    ("new_target", {"name": "Varni", "since": "2026-03-14T09", "history_since": "2026-01-01T00"}, {}),
    ("coded_term", TERM, {}),
    ("outage", OUTAGE, {}),
    ("outage", OUTAGE | {"dark": 3, "watched": 4, "window_hours": 2, "country": "KE"}, {}),
]


def details_of(rests_on: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    return {"about": ABOUT | about, "rests_on": rests_on, "stage": 3}


@pytest.fixture(autouse=True)
def back_to_english() -> Iterator[None]:
    yield
    speak("en")


@pytest.mark.parametrize(("kind", "rests_on", "about"), CASES)
def test_in_english_it_is_what_was_stored(kind: str, rests_on: dict[str, Any], about: dict[str, Any]) -> None:
    details = details_of(rests_on, about)
    assert alert_words.written(kind, 80, 3, details) == words.alert(kind, 80, 3, details)


@pytest.mark.parametrize(("kind", "rests_on", "about"), CASES)
@pytest.mark.parametrize("locale", ["fr", "ar", "sw"])
def test_in_other_languages_no_english_is_left(
    locale: str, kind: str, rests_on: dict[str, Any], about: dict[str, Any]
) -> None:
    details = details_of(rests_on, about)
    speak(locale)
    for said, stored in zip(alert_words.written(kind, 80, 3, details), words.alert(kind, 80, 3, details), strict=True):
        left = set(said.replace(",", " ").replace(":", " ").split()) & set(stored.split())
        assert not left & {"post", "posts", "against", "language", "expected", "source", "sources", "and", "flagged"}


def test_details_of_another_version_show_what_was_stored() -> None:
    speak("fr")
    others: list[dict[str, Any]] = [{}, {"about": {}}, details_of({}, {"signals": None})]
    for details in (*others, details_of(SURGE | {"label": "x"}, {})):
        alert = Alert(kind="surge", severity=1, count=1, title="As stored", summary="So.", details=details)
        assert (alert_words.title(alert), alert_words.summary(alert)) == ("As stored", "So.")
