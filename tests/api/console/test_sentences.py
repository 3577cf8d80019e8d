"""What other rooms write in English is recognised, and each pattern stands for a sentence that is still written."""

import ast
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.console.rendering import sentence
from api.console.sentences import ELSEWHERE, shape
from api.console.translation import speak
from classify.drift import Change
from ingest.errors import Refused
from ingest.schedule import Health, after_failure, after_success
from ingest.settings import IngestSettings
from tests.api.console.conftest import Browser

ROOT = Path(__file__).parents[3]


def written() -> Iterator[str]:
    """Yield every string of the service outside of the console, with x where something is filled in."""
    for room in ("api", "classify", "ingest", "warn"):
        for path in (ROOT / room).rglob("*.py"):
            if "console" not in path.relative_to(ROOT).parts:
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value
                    elif isinstance(node, ast.JoinedStr):
                        yield "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)


def test_every_pattern_is_still_written_somewhere() -> None:
    texts = {text for text in written() if len(text) < 400}
    # The names of fields and the reason before a half-read text are put in front of the sentence where it is written.
    after_field = {text.partition(": ")[2] for text in texts} | {"x" + text for text in texts}
    units = {"x " + text for text in texts if text.isalpha()}
    known = texts | after_field | units
    assert [one for one in ELSEWHERE.patterns if not any(shape(one).fullmatch(text) for text in known)] == []


@pytest.fixture(autouse=True)
def in_french() -> Iterator[None]:
    speak("fr")
    yield
    speak("en")


def test_a_known_sentence_is_said_in_the_readers_language() -> None:
    assert sentence("the language ('ha') is uncertain") == "La langue ('ha') est incertaine."


def test_what_a_hole_held_is_translated_too() -> None:
    said = sentence("no language could be told from this text; 3 of its 9 passages were scored")
    assert "aucune langue" in said.lower()
    assert "3" in said
    assert "9" in said
    moved = ELSEWHERE.say(Change("languages", "the texts at release", 0.5).sentence)
    assert "publication" in moved
    assert "0.50" in moved


def test_how_a_source_answered_and_is_asked_next_is_said_in_the_readers_language(now: dt.datetime) -> None:
    arrivals = tuple(now - (12 + n) * dt.timedelta(hours=1) for n in range(20))
    health = Health("Radio Keshu", "ok", None, None, 2, 900, now - dt.timedelta(days=30), arrivals)
    quiet = after_success(health, None, IngestSettings(), now)
    assert ELSEWHERE.say(quiet.state_reason or "") == (
        "répond, mais rien de nouveau depuis 12 heures ; d'habitude, elle publie toutes les 60 minutes"
    )
    assert ELSEWHERE.say(quiet.due_reason) == ("interrogée toutes les 30 minutes : elle publie toutes les 60 minutes")
    failed = after_failure(health, Refused("'x.test' leads to 10.0.0.1, which is not public (10.0.0.0/8)"), now)
    assert ELSEWHERE.say(failed.due_reason).startswith("interrogée de nouveau après 2 heures : 3 échecs")


def test_a_state_is_said_with_its_pauses() -> None:
    asked = ELSEWHERE.say("asked every 8 minutes, twice as often as set: everything was new last time")
    assert "8 minutes" in asked
    assert "asked" not in asked
    assert "twice" not in asked
    quiet = ELSEWHERE.say("answers, but has had nothing new for 3 days; it usually has something every 2 hours")
    assert "3 jours" in quiet
    assert "2 heures" in quiet


def test_an_unknown_sentence_is_left_alone() -> None:
    assert sentence("the moon is full") == "The moon is full."


def test_a_refusal_of_another_room_is_translated(admin: Browser) -> None:
    answer = admin.client.post(
        "/sources", data={"csrf": _csrf(admin), "name": "", "kind": "feed", "interval_seconds": "900"},
        headers={"Accept-Language": "fr"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "Nom: de 1 à 200 caractères imprimables." in answer.text


def _csrf(browser: Browser) -> str:
    browser.get("/about")
    return browser.csrf
