"""A second reader on loopback is asked about borderline passages, and what it says changes nothing."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import select, update

from api import second_reader
from api.assist_settings import AssistSettings
from api.second_reader import LEASE, last_heard, opinion_of, second_read
from classify.policy import Read
from ingest.forget import forget_items
from ingest.http import Network
from ingest.settings import IngestSettings
from models.assessment import Assessment
from models.audit import AuditEvent
from models.codebook import SIGNALS
from models.database import Sessions, reading, writing
from models.document import Document
from models.second import Opinion
from tests.api.receiver import Receiver, receiving
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item

NETWORK = Network(IngestSettings(allowed_networks=("127.0.0.0/8",)))
TEXT = "The council met at noon. They are all alike and you know what follows. The rain came late."
OPINION = {"signals": ["incitement"], "stage": 3, "stance": "asserts", "reason": "It hints: you know what follows."}


def completion(content: object, **choice: Any) -> bytes:
    text = content if isinstance(content, str) else json.dumps(content)
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"} | choice]}).encode()


def settings(receiver: Receiver, **more: Any) -> AssistSettings:
    told = {"second_reader_url": receiver.url.removesuffix("/hook"), "second_reader_model": "reader-1"} | more
    return AssistSettings(**told)


def add_unsure(sessions: Sessions, probability: float = 0.5, **values: Any) -> int:
    """Add an assessment whose incitement is as likely as not, in the second sentence."""
    marked = [{"start": 25, "end": 70, "signals": {}, "stage": 3, "stance": "asserts", "highlights": []}]
    signals = dict.fromkeys(SIGNALS, 0.01) | {"incitement": probability}
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content=TEXT, author="someone"))
        given = {"flag": False, "passages": marked, "signals": signals} | values
        return add_assessment(session, document, **given).id


def opinions(sessions: Sessions) -> list[Opinion]:
    with reading(sessions) as session:
        return list(session.scalars(select(Opinion).order_by(Opinion.assessment_id)))


def test_the_opinion_is_kept_and_changes_nothing(sessions: Sessions) -> None:
    wanted = add_unsure(sessions)
    with reading(sessions) as session:
        before = dict(session.execute(select(Assessment.__table__)).mappings().one())
    with receiving() as receiver:
        receiver.body = completion(OPINION)
        assert second_read(sessions, NETWORK, settings(receiver), NOW) == 1
        assert second_read(sessions, NETWORK, settings(receiver), NOW) == 0
    [opinion] = opinions(sessions)
    assert (opinion.assessment_id, opinion.state, opinion.signals, opinion.stage, opinion.stance) == (
        wanted,
        "given",
        ["incitement"],
        3,
        "asserts",
    )
    assert opinion.reader.startswith("reader-1 at 127.0.0.1:")
    with reading(sessions) as session:
        assert dict(session.execute(select(Assessment.__table__)).mappings().one()) == before
    assert last_heard(sessions) == (NOW, 0)


def test_nothing_but_the_policy_the_passage_and_its_language_goes_out(sessions: Sessions) -> None:
    add_unsure(sessions)
    with receiving() as receiver:
        receiver.body = completion(OPINION)
        second_read(sessions, NETWORK, settings(receiver, second_reader_key="sk-test"), NOW)
    [sent] = receiver.received
    body = json.loads(sent.body)
    assert sent.headers["authorization"] == "Bearer sk-test"
    assert (body["temperature"], body["model"], body["stream"]) == (0, "reader-1", False)
    assert json.loads(body["messages"][1]["content"]) == {"language": "en", "passage": TEXT[25:70]}
    assert "someone" not in sent.body.decode()
    assert "Radio Keshu" not in sent.body.decode()
    with reading(sessions) as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "text.sent"))
    assert (event.subject, event.details["characters"]) == ("assessment", 45)


def test_only_borderline_passages_that_nobody_has_reviewed_are_sent_the_nearest_first(sessions: Sessions) -> None:
    add_unsure(sessions, 0.99)
    add_unsure(sessions, 0.02)
    add_unsure(sessions, status="rejected")
    near, nearest = add_unsure(sessions, 0.4), add_unsure(sessions, 0.5)
    with receiving() as receiver:
        receiver.body = completion(OPINION)
        assert second_read(sessions, NETWORK, settings(receiver, second_reader_per_hour=1), NOW) == 1
        assert [one.assessment_id for one in opinions(sessions)] == [nearest]
        later = NOW + dt.timedelta(hours=2)
        assert second_read(sessions, NETWORK, settings(receiver), later) == 1
    assert [one.assessment_id for one in opinions(sessions)] == [near, nearest]


def test_without_an_address_nothing_is_sent(sessions: Sessions) -> None:
    add_unsure(sessions)
    assert second_read(sessions, NETWORK, AssistSettings(), NOW) == 0
    assert opinions(sessions) == []


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        json.dumps({"choices": [{"message": {"content": None}}]}).encode(),
        completion("I cannot help with that."),
        completion(OPINION, finish_reason="length"),
        completion(OPINION | {"flag": True}),
        completion({"signals": [], "stage": 0, "stance": "asserts"}),
        completion(OPINION | {"signals": ["rudeness"]}),
        completion(OPINION | {"signals": [1]}),
        completion(OPINION | {"signals": "incitement"}),
        completion(OPINION | {"stage": 5}),
        completion(OPINION | {"stage": True}),
        completion(OPINION | {"stance": ["asserts"]}),
        completion(OPINION | {"reason": " "}),
        completion('{"signals": [], "signals": ["incitement"], "stage": 0, "stance": "asserts", "reason": "x"}'),
        completion("[" * 100_000),
        b'{"choices": ' + b" " * 70_000 + b"[]}",
    ],
)
def test_what_is_not_exactly_an_opinion_is_none_and_is_not_asked_again(sessions: Sessions, body: bytes) -> None:
    wanted = add_unsure(sessions)
    with receiving() as receiver:
        receiver.body = body
        assert second_read(sessions, NETWORK, settings(receiver), NOW) == 0
        second_read(sessions, NETWORK, settings(receiver), NOW + 2 * LEASE)
    assert len(receiver.received) == 1
    with reading(sessions) as session:
        opinion = opinion_of(session, wanted)
        assert opinion is not None
        assert (opinion.state, opinion.signals) == ("unusable", None)


@pytest.mark.parametrize("status", [500, 429, 401, 302])
def test_a_service_that_is_away_is_asked_again_three_times_at_most(sessions: Sessions, status: int) -> None:
    wanted = add_unsure(sessions)
    with receiving() as receiver:
        receiver.status = status
        for turn in range(6):
            assert second_read(sessions, NETWORK, settings(receiver), NOW + turn * LEASE) == 0
        assert second_read(sessions, NETWORK, settings(receiver), NOW + 3 * LEASE) == 0
    assert len(receiver.received) == 3
    with reading(sessions) as session:
        opinion = opinion_of(session, wanted)
        assert opinion is not None
        assert opinion.reason == "no answer came in 3 tries"


def test_a_passage_that_the_service_refuses_does_not_hold_up_the_others(sessions: Sessions) -> None:
    for _ in range(2):
        add_unsure(sessions)
    with receiving() as receiver:
        receiver.status = 400
        second_read(sessions, NETWORK, settings(receiver), NOW)
    assert [one.state for one in opinions(sessions)] == ["unusable", "unusable"]


def test_a_slow_service_ends_at_its_deadline(sessions: Sessions) -> None:
    add_unsure(sessions)
    with receiving() as receiver:
        receiver.silence = 3.0
        assert second_read(sessions, NETWORK, settings(receiver, second_reader_seconds=1), NOW) == 0
    assert [one.state for one in opinions(sessions)] == ["asked"]


def test_a_private_address_is_refused_unless_the_operator_allowed_it(sessions: Sessions) -> None:
    add_unsure(sessions)
    with receiving() as receiver:
        second_read(sessions, Network(IngestSettings()), settings(receiver), NOW)
    assert receiver.received == []


def test_an_answer_that_comes_after_the_text_was_forgotten_is_not_kept(sessions: Sessions) -> None:
    add_unsure(sessions)
    with receiving() as receiver:
        receiver.body = completion(OPINION)
        second_read(sessions, NETWORK, settings(receiver), NOW)
        with writing(sessions) as session:
            item = session.scalars(select(Document.item_id)).one()
            forget_items(session, [item], "test", NOW)
        assert opinions(sessions) == []
        second_read(sessions, NETWORK, settings(receiver), NOW)
    assert len(receiver.received) == 1


def test_a_question_that_crossed_a_forgetting_leaves_nothing(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a forgetting does not see an opinion that is being claimed: the row stays, the text goes."""
    add_unsure(sessions)

    def crossed(*_: object) -> Read:
        with writing(sessions) as session:
            session.execute(update(Document).values(text="", forgotten_at=NOW))
        return Read(signals=(), stage=0, stance="asserts", reason="It repeats the words.")

    monkeypatch.setattr(second_reader, "ask", crossed)
    with receiving() as receiver:
        assert second_read(sessions, NETWORK, settings(receiver), NOW) == 0
    assert opinions(sessions) == []


def test_an_answer_to_somebody_elses_question_is_not_kept(sessions: Sessions) -> None:
    add_unsure(sessions)
    with receiving() as receiver:
        receiver.status = 500
        second_read(sessions, NETWORK, settings(receiver), NOW)
    from api.second_reader import Asked, _keep

    with writing(sessions) as session:
        session.execute(update(Opinion).values(asked_at=NOW + LEASE))
    [opinion] = opinions(sessions)
    late = Asked(opinion.assessment_id, NOW, "", "en")
    assert _keep(sessions, late, {"state": "given", "reason": "late"}, NOW) == 0
    assert opinions(sessions)[0].state == "asked"
