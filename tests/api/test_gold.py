"""Each reviewer beside the gold cases: the first decision counts, label by label, and a change has its interval."""

import datetime as dt

import pytest

from api.deciding import keep_decision
from api.gold import Answered, answered, counted, difference, drifts, monthly, standings
from api.queue import QueueFilters, find_ids
from api.reviews import Decision
from api.training import keep_answer
from models.database import Sessions, reading, writing
from models.review import GoldCase
from tests.conftest import NOW
from tests.factories import add_account, add_assessment

DAY = dt.timedelta(days=1)


def second_looks(sessions: Sessions, account: int) -> list[int]:
    with reading(sessions) as session:
        return find_ids(session, QueueFilters(second_for=account))[0]


def one(days_ago: float, verdict: str, *, signals: set[str] | None = None, settled: str = "confirmed") -> Answered:
    said = None if verdict == "unsure" else frozenset(signals or ())
    return Answered("Amina", NOW - days_ago * DAY, verdict, settled, said, frozenset({"incitement"}))


# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_change_is_as_published(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    shares = [counted([True] * good + [False] * (all_ - good)) for good, all_ in (first, second)]
    gap, below, above = difference(*shares)
    assert gap == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert (round(below, 4), round(above, 4)) == (low, high)


def test_the_first_decision_about_a_gold_case_counts(sessions: Sessions) -> None:
    with writing(sessions) as session:
        lead, person = add_account(session).id, add_account(session, name="Amina").id
        passage = add_assessment(session).id
        session.add(GoldCase(assessment_id=passage, verdict="rejected", created_by=lead, created_at=NOW))
    assert second_looks(sessions, person) == [passage]
    with writing(sessions) as session:
        for verdict in ("confirmed", "rejected"):
            keep_decision(session, person, passage, Decision(verdict), NOW, 0.0)
        keep_decision(session, lead, passage, Decision("rejected"), NOW, 0.0)
    assert second_looks(sessions, person) == []
    with reading(sessions) as session:
        (standing,) = standings(answered(session))
    assert (standing.name, standing.share.decided, standing.share.agreed) == ("Amina", 1, 0)


def test_labels_are_compared_where_they_are_settled(sessions: Sessions) -> None:
    with writing(sessions) as session:
        lead, person = add_account(session).id, add_account(session, name="Amina").id
        for settled, decision in (
            (["incitement", "impunity"], Decision("confirmed")),  # the machine marked incitement alone
            (None, Decision("confirmed")),
            (["incitement"], Decision("unsure")),
            (["incitement"], Decision("rejected")),
        ):
            passage = add_assessment(session).id
            case = GoldCase(assessment_id=passage, verdict="confirmed", created_by=lead, created_at=NOW)
            case.signals = settled
            session.add(case)
            keep_decision(session, person, passage, decision, NOW, 0.0)
    with reading(sessions) as session:
        found = {row.label: (row.share.agreed, row.share.decided, row.month) for row in monthly(answered(session))}
    assert found["verdict"] == (2, 4, f"{NOW:%Y-%m}")
    assert found["incitement"] == (1, 2, f"{NOW:%Y-%m}")
    assert found["impunity"][:2] == (1, 2)


def test_training_cases_measure_nobody(sessions: Sessions) -> None:
    with writing(sessions) as session:
        lead, person = add_account(session).id, add_account(session, name="Amina").id
        passages = [add_assessment(session).id for _ in range(2)]
        for passage in passages:
            case = GoldCase(assessment_id=passage, verdict="confirmed", created_by=lead, created_at=NOW, training=True)
            session.add(case)
    assert second_looks(sessions, person) == []
    with writing(sessions) as session:
        keep_answer(session, person, passages[1], "confirmed", None, [], NOW - DAY)
        for passage in passages:
            keep_decision(session, person, passage, Decision("confirmed"), NOW, 0.0)
    with reading(sessions) as session:
        assert answered(session) == []
    with writing(sessions) as session:
        for passage in passages:
            session.get_one(GoldCase, passage).training = False
    with reading(sessions) as session:
        # Who has practised on a case knew it, although it is used otherwise now.
        assert len(answered(session)) == 1


def test_a_drift_is_told_once_both_sides_rest_on_enough() -> None:
    before = [one(60, "confirmed", signals={"incitement"}) for _ in range(20)]
    lately = [one(3, "rejected") for _ in range(20)]
    found = {row.label: row for row in drifts([*before, *lately], NOW)}
    assert found["verdict"].change == -1
    assert found["verdict"].moved
    assert not found["impunity"].moved  # nobody ever named it
    few = {row.label: row for row in drifts([*before, *lately[:4]], NOW)}
    assert (few["verdict"].change, few["verdict"].moved) == (None, False)
    assert drifts(before, NOW) == []


def test_chance_is_no_drift() -> None:
    verdicts = ["confirmed", "rejected"] * 10
    rows = [one(days, verdict) for days in (60, 3) for verdict in verdicts]
    assert not any(row.moved for row in drifts(rows, NOW))
