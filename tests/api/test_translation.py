"""A gloss is made once, on demand, kept beside its text and forgotten with it; a service on loopback translates."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.assist_settings import AssistSettings
from api.settings import Settings
from api.translation import Translators, stretch
from ingest.forget import forget_items
from ingest.settings import IngestSettings
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.document import Document
from models.second import Gloss
from tests.api.receiver import Receiver, receiving
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item

TEXT = "Wote waondoke leo, alisema mzee wa soko la Marrok."


def add_text(sessions: Sessions, text: str = TEXT, **values: Any) -> int:
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content=text, author="someone"))
        return add_assessment(session, document, **({"language": "sw"} | values)).id


def use(client: TestClient, receiver: Receiver, **more: Any) -> None:
    """Have the service translate by the receiver."""
    receiver.body = json.dumps({"translatedText": "All must leave today, said the elder."}).encode()
    told = {"translator": receiver.url.removesuffix("/hook")} | more
    settings = Settings(ingest=IngestSettings(allowed_networks=("127.0.0.0/8",)), assist=AssistSettings(**told))
    client.app.state.translators = Translators(settings)  # type: ignore[attr-defined]


def glosses(sessions: Sessions) -> list[Gloss]:
    with reading(sessions) as session:
        return list(session.scalars(select(Gloss)))


def actions(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        wanted = select(AuditEvent.action).where(AuditEvent.action.like("text.%")).order_by(AuditEvent.id)
        return list(session.scalars(wanted))


def test_it_is_made_once_and_kept_with_engine_and_time(sessions: Sessions, analyst: TestClient) -> None:
    wanted = add_text(sessions)
    with receiving() as receiver:
        use(analyst, receiver, translator_key="abc")
        first = analyst.post(f"/v1/assessments/{wanted}/gloss")
        second = analyst.post(f"/v1/assessments/{wanted}/gloss")
    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["text"] == "All must leave today, said the elder."
    assert first.json()["machine_translation"] is True
    assert first.json()["engine"].startswith("127.0.0.1:")
    [sent] = receiver.received
    assert json.loads(sent.body) == {"q": TEXT, "source": "sw", "target": "en", "format": "text", "api_key": "abc"}
    [kept] = glosses(sessions)
    assert (kept.at, kept.start, kept.end, kept.source_language) == (NOW, 0, len(TEXT), "sw")
    shown = analyst.get(f"/v1/assessments/{wanted}").json()
    assert shown["gloss"] == first.json()
    assert shown["second_opinion"] is None


def test_sending_and_reading_are_in_the_audit_log(sessions: Sessions, analyst: TestClient) -> None:
    wanted = add_text(sessions)
    with receiving() as receiver:
        use(analyst, receiver)
        analyst.post(f"/v1/assessments/{wanted}/gloss")
        analyst.post(f"/v1/assessments/{wanted}/gloss")
    assert actions(sessions) == ["text.sent", "text.read_marked", "text.read_marked"]


def test_it_goes_with_its_text(sessions: Sessions, analyst: TestClient) -> None:
    wanted = add_text(sessions)
    with receiving() as receiver:
        use(analyst, receiver)
        analyst.post(f"/v1/assessments/{wanted}/gloss")
        with writing(sessions) as session:
            forget_items(session, [session.scalars(select(Document.item_id)).one()], "test", NOW)
        assert glosses(sessions) == []
        answer = analyst.post(f"/v1/assessments/{wanted}/gloss")
    assert (answer.status_code, glosses(sessions)) == (404, [])


def test_a_text_forgotten_while_it_is_translated_leaves_nothing(sessions: Sessions, analyst: TestClient) -> None:
    wanted = add_text(sessions)

    class Forgetful:
        name, target = "slow", "en"

        def translate(self, text: str, source: str) -> str:
            with writing(sessions) as session:
                forget_items(session, [session.scalars(select(Document.item_id)).one()], "test", NOW)
            return "All must leave."

    analyst.app.state.translators = Translators(Settings(), Forgetful())  # type: ignore[attr-defined]
    assert analyst.post(f"/v1/assessments/{wanted}/gloss").status_code == 404
    assert glosses(sessions) == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (403, b'{"error": "no key"}'),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"translatedText": 7}'),
        (200, b'{"translatedText": "  "}'),
        (200, json.dumps({"translatedText": "ha " * 1000}).encode()),
        (200, b'{"translatedText": "' + b"x" * 600_000 + b'"}'),
    ],
)
def test_what_is_no_translation_is_not_shown(sessions: Sessions, analyst: TestClient, status: int, body: bytes) -> None:
    wanted = add_text(sessions)
    with receiving() as receiver:
        use(analyst, receiver)
        receiver.status, receiver.body = status, body
        answer = analyst.post(f"/v1/assessments/{wanted}/gloss")
    assert (answer.status_code, answer.json()["error"]) == (503, "not_translated")
    assert glosses(sessions) == []


def test_without_a_translator_the_answer_says_what_to_set(sessions: Sessions, analyst: TestClient) -> None:
    answer = analyst.post(f"/v1/assessments/{add_text(sessions)}/gloss")
    assert answer.status_code == 503
    assert "TOCSIN_TRANSLATOR" in answer.json()["detail"]


def test_a_private_address_is_refused_unless_allowed(sessions: Sessions, analyst: TestClient) -> None:
    wanted = add_text(sessions)
    with receiving() as receiver:
        use(analyst, receiver)
        analyst.app.state.translators.settings = Settings(  # type: ignore[attr-defined]
            assist=AssistSettings(translator=receiver.url)
        )
        assert analyst.post(f"/v1/assessments/{wanted}/gloss").status_code == 503
    assert receiver.received == []


def test_who_may_only_read_cannot_have_texts_sent_out(sessions: Sessions, signed_in: Callable[..., TestClient]) -> None:
    assert signed_in("read").post(f"/v1/assessments/{add_text(sessions)}/gloss").status_code == 403


@given(st.text(max_size=400), st.integers(0, 400), st.integers(1, 100))
def test_a_stretch_lies_in_the_text_and_is_no_longer_than_allowed(text: str, mark: int, limit: int) -> None:
    first = min(mark, max(0, len(text) - 1))
    start, end = stretch(text, [{"start": first, "end": len(text)}], limit)
    assert 0 <= start <= end <= len(text)
    assert end - start <= limit
    assert end > first or not text[first:].strip()


def test_the_marked_passage_of_a_long_text_is_inside_with_what_stood_before() -> None:
    sentences = [f"Sentence number {n} is about the well of Marrok and the price of grain there." for n in range(80)]
    text = " ".join(sentences)
    mark = text.index("number 50")
    start, end = stretch(text, [{"start": mark, "end": mark + 40}], 1000)
    assert start < mark < mark + 40 < end
