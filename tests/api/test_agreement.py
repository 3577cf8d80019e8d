"""Alpha as published, intervals as published, and second looks that stay blind until all have decided."""

import math

import pytest

from api.agreement import agreements, alpha, units_of, wilson
from api.deciding import drawn, keep_decision, looks_wanted, take_back
from api.queue import QueueFilters, find_ids
from api.reviews import Decision, joint_verdict
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.review import SecondLook
from tests.conftest import NOW
from tests.factories import add_account, add_assessment

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A, B and C; a dot is a missing answer.
BINARY = ["0100000010", "1110010000"]
NOMINAL = ["aabbdcccedda", "babbbccceddd"]
MISSING = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def by_unit(observers: list[str]) -> list[list[str]]:
    return [[answer for answer in answers if answer != "."] for answers in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("observers", "published"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)], ids=["A", "B", "C"]
)
def test_alpha_is_as_published(observers: list[str], published: float) -> None:
    found = alpha(by_unit(observers))
    assert found is not None
    assert round(found, 3) == published


def test_alpha_at_its_ends() -> None:
    assert alpha([["a", "a"], ["b", "b"]]) == 1
    assert alpha([["a", "a"], ["a", "a"]]) is None
    assert alpha([["a"], []]) is None
    systematic = alpha([["a", "b"]] * 10)
    assert systematic is not None
    assert systematic < 0


def test_wilsons_interval_is_as_published() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 0) == (0, 1)
    assert not any(math.isnan(end) for end in wilson(29, 29))


@pytest.mark.parametrize(
    ("verdicts", "wanted", "still_open"),
    [
        ([], 2, True),
        (["confirmed"], 2, True),
        (["confirmed", "confirmed"], 2, False),
        (["confirmed", "rejected"], 3, True),
        (["confirmed", "rejected", "rejected"], 3, False),
        (["confirmed", "confirmed", "rejected"], 2, False),
    ],
)
def test_two_decide_and_a_third_where_they_differ(verdicts: list[str], wanted: int, *, still_open: bool) -> None:
    assert looks_wanted(verdicts) == (wanted, still_open)


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([], "unreviewed"),
        (["unsure"], "unsure"),
        (["confirmed", "rejected"], "disputed"),
        (["confirmed", "rejected", "rejected"], "rejected"),
        (["confirmed", "rejected", "unsure"], "disputed"),
        (["confirmed", "rejected", "rejected", "confirmed"], "disputed"),
    ],
)
def test_most_of_three_decide(verdicts: list[str], status: str) -> None:
    assert joint_verdict(verdicts) == status


def test_the_share_is_drawn_by_number() -> None:
    assert not any(drawn(number, 0.0) for number in range(1000))
    assert all(drawn(number, 1.0) for number in range(1000))
    assert 150 < sum(drawn(number, 0.2) for number in range(1000)) < 250


def second_looks(sessions: Sessions, account: int) -> list[int]:
    with reading(sessions) as session:
        return find_ids(session, QueueFilters(second_for=account))[0]


def test_a_second_look_goes_to_others_until_enough_have_decided(sessions: Sessions) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
        people = [add_account(session).id for _ in range(4)]
    open_for = []
    for person, verdict in zip(people, ("confirmed", "rejected", "rejected"), strict=False):
        with writing(sessions) as session:
            keep_decision(session, person, passage, Decision(verdict), NOW, 1.0)
        open_for.append([bool(second_looks(sessions, one)) for one in people])
    assert open_for == [[False, True, True, True], [False, False, True, True], [False] * 4]
    with writing(sessions) as session:
        assert session.get_one(Assessment, passage).status == "rejected"
        take_back(session, people[2], passage, NOW)
        look = session.get_one(SecondLook, passage)
        assert (look.wanted, look.open) == (3, True)
    assert [bool(second_looks(sessions, one)) for one in people] == [False, False, False, True]


def test_without_a_share_nothing_is_looked_at_twice(sessions: Sessions) -> None:
    with writing(sessions) as session:
        passage, person = add_assessment(session).id, add_account(session).id
        keep_decision(session, person, passage, Decision("confirmed"), NOW, 0.0)
        assert session.get(SecondLook, passage) is None


def test_agreement_counts_what_standing_decisions_say(sessions: Sessions) -> None:
    with writing(sessions) as session:
        one, two = add_account(session).id, add_account(session).id
        for number in range(12):
            passage = add_assessment(session, language="sw" if number < 10 else "fr").id
            first = Decision("confirmed", signals=["incitement"] if number % 2 else ["impunity"])
            second = Decision("rejected") if number == 0 else Decision("confirmed", signals=first.signals)
            for person, decision in ((one, first), (two, second)):
                keep_decision(session, person, passage, decision, NOW, 0.0)
        alone = add_assessment(session).id
        keep_decision(session, one, alone, Decision("confirmed"), NOW, 0.0)
    with reading(sessions) as session:
        found = {(row.label, row.language): row for row in agreements(units_of(session))}
    assert found["verdict", ""].passages == 12
    assert found["incitement", ""].alpha == 1
    assert found["impunity", ""].alpha == pytest.approx(1 - 23 * 2 / (24**2 - 11**2 - 13**2))
    assert (found["verdict", "fr"].passages, found["verdict", "fr"].alpha) == (2, None)
    assert found["hate_speech", "sw"].alpha is None
    assert ("verdict", "en") not in found
