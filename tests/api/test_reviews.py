"""What a person decides holds: marks, flag, status and the hours to recount follow from it."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.reviews import (
    AssessmentUnknown,
    Decision,
    ReviewConflict,
    ReviewInvalid,
    add_review,
    checked,
    pathways_of,
    visible_reviews,
)
from models.alert import Alert, AlertAssessment
from models.assessment import Assessment, Mark
from models.codebook import SIGNALS
from models.database import Sessions, reading, writing
from models.review import WORKSHEET_PARTS, Review
from models.tally import StaleHour, hour_of
from tests.conftest import NOW
from tests.factories import add_account, add_alert, add_assessment

ALL_MET = {part: {"met": True, "note": ""} for part in WORKSHEET_PARTS}


@pytest.fixture
def assessment_id(sessions: Sessions) -> int:
    with writing(sessions) as session:
        marks = [
            ("signal", "dehumanization"),
            ("pathway", "ideology"),
            ("target", "religion"),
            ("target_name", "Varni"),
        ]
        return add_assessment(session, marks=marks).id


@pytest.fixture
def amina(sessions: Sessions) -> int:
    with writing(sessions) as session:
        return add_account(session, name="Amina").id


@pytest.fixture
def ben(sessions: Sessions) -> int:
    with writing(sessions) as session:
        return add_account(session, name="Ben").id


def decide(sessions: Sessions, account_id: int, assessment_id: int, verdict: str, **values: Any) -> Review:
    with writing(sessions) as session:
        return add_review(session, account_id, assessment_id, Decision(verdict, **values), NOW)


def held(session: Session, assessment_id: int) -> tuple[str, bool, set[str], set[str]]:
    """Status, flag, marks as kind:key, and whose word the marks are."""
    assessment = session.get_one(Assessment, assessment_id)
    marks = session.scalars(select(Mark).where(Mark.assessment_id == assessment_id)).all()
    assert all(mark.severity == assessment.severity for mark in marks)
    return (
        assessment.status,
        assessment.flagged_now,
        {f"{mark.kind}:{mark.key}" for mark in marks},
        {mark.basis for mark in marks},
    )


MACHINE = {"signal:dehumanization", "pathway:ideology", "target:religion", "target_name:Varni"}


def test_a_confirmation_keeps_the_machines_labels_as_a_persons_word(
    sessions: Sessions, assessment_id: int, amina: int
) -> None:
    decide(sessions, amina, assessment_id, "confirmed")
    with reading(sessions) as session:
        assert held(session, assessment_id) == ("confirmed", True, MACHINE, {"review"})


def test_a_rejection_takes_flag_and_marks_away(sessions: Sessions, assessment_id: int, amina: int) -> None:
    decide(sessions, amina, assessment_id, "rejected")
    with reading(sessions) as session:
        assert held(session, assessment_id) == ("rejected", False, set(), set())


def test_corrections_replace_the_machines_labels_and_move_the_pathways(
    sessions: Sessions, assessment_id: int, amina: int
) -> None:
    decide(
        sessions, amina, assessment_id, "confirmed", signals=["impunity", "mobilization"], stage=1,
        target_names=["  Old   Keshu "],
    )  # fmt: skip
    with reading(sessions) as session:
        _, flagged, marks, basis = held(session, assessment_id)
    assert flagged
    assert basis == {"review"}
    assert marks == {
        "signal:impunity", "signal:mobilization", "pathway:leadership", "pathway:impunity", "target:religion",
        "target_name:Old Keshu",
    }  # fmt: skip


def test_a_passage_that_turns_out_to_report_is_confirmed_and_not_flagged(
    sessions: Sessions, assessment_id: int, amina: int
) -> None:
    decide(sessions, amina, assessment_id, "confirmed", stance="reports")
    with reading(sessions) as session:
        assert held(session, assessment_id) == ("confirmed", False, MACHINE, {"review"})


@pytest.mark.parametrize(("signals", "flagged"), [(["hate_speech"], True), ([], False)])
def test_confirming_what_the_machine_missed_flags_it_by_its_signals(
    sessions: Sessions, amina: int, signals: list[str], flagged: bool
) -> None:
    with writing(sessions) as session:
        assessment_id = add_assessment(session, flag=False, ruled_at=NOW).id
    decide(sessions, amina, assessment_id, "confirmed", signals=signals)
    with reading(sessions) as session:
        assert held(session, assessment_id)[1] is flagged
        assert (session.get_one(Assessment, assessment_id).ruled_at is None) is flagged


def test_what_was_flagged_before_is_not_put_to_the_rules_again(
    sessions: Sessions, assessment_id: int, amina: int
) -> None:
    with writing(sessions) as session:
        session.get_one(Assessment, assessment_id).ruled_at = NOW
    decide(sessions, amina, assessment_id, "confirmed")
    with reading(sessions) as session:
        assert session.get_one(Assessment, assessment_id).ruled_at == NOW


def test_an_abstention_cannot_be_confirmed_without_saying_what(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        assessment_id = add_assessment(session, flag=False, abstained=True, abstain_reason="no model").id
    with pytest.raises(ReviewInvalid, match="abstained"):
        decide(sessions, amina, assessment_id, "confirmed")
    assert decide(sessions, amina, assessment_id, "confirmed", signals=["hate_speech"]).id


def test_an_abstention_that_names_a_signal_can_be_confirmed(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        assessment_id = add_assessment(session, abstained=True, abstain_reason="too close to call").id
    assert decide(sessions, amina, assessment_id, "confirmed").id


@pytest.mark.parametrize(
    ("first", "second", "status", "flagged"),
    [
        ("confirmed", "confirmed", "confirmed", True),
        ("rejected", "rejected", "rejected", False),
        ("rejected", "confirmed", "disputed", True),
        ("rejected", "unsure", "disputed", True),
    ],
)
def test_two_reviewers_agree_or_dispute(
    sessions: Sessions, assessment_id: int, amina: int, ben: int, *, first: str, second: str, status: str, flagged: bool
) -> None:
    decide(sessions, amina, assessment_id, first)
    decide(sessions, ben, assessment_id, second)
    with reading(sessions) as session:
        assert held(session, assessment_id)[:2] == (status, flagged)


@pytest.mark.parametrize("verdict", ["unsure", "confirmed"])
def test_thinking_again_counts_the_last_word_and_brings_the_machines_marks_back(
    sessions: Sessions, assessment_id: int, amina: int, verdict: str
) -> None:
    decide(sessions, amina, assessment_id, "rejected")
    decide(sessions, amina, assessment_id, verdict)
    with reading(sessions) as session:
        basis = {"model"} if verdict == "unsure" else {"review"}
        assert held(session, assessment_id) == (verdict, True, MACHINE, basis)
        assert len(session.scalars(select(Review)).all()) == 2


def test_a_decision_makes_the_hour_stale(sessions: Sessions, assessment_id: int, amina: int) -> None:
    decide(sessions, amina, assessment_id, "rejected")
    with reading(sessions) as session:
        assert session.scalars(select(StaleHour.hour)).all() == [hour_of(NOW)]


def test_an_alert_that_rests_on_it_says_that_a_person_has_looked(
    sessions: Sessions, assessment_id: int, amina: int
) -> None:
    with writing(sessions) as session:
        alert_id = add_alert(session).id
        session.add(AlertAssessment(alert_id=alert_id, assessment_id=assessment_id, added_at=NOW))
    decide(sessions, amina, assessment_id, "rejected")
    with reading(sessions) as session:
        alert = session.get_one(Alert, alert_id)
        assert alert.reviewed
        assert alert.details["all_rejected"]


def test_a_second_reviewer_is_blind_until_done(sessions: Sessions, assessment_id: int, amina: int, ben: int) -> None:
    first = decide(sessions, amina, assessment_id, "rejected")
    with reading(sessions) as session:
        assert [review.id for review in visible_reviews(session, assessment_id, amina)] == [first.id]
        assert visible_reviews(session, assessment_id, ben) == []
    second = decide(sessions, ben, assessment_id, "unsure")
    with reading(sessions) as session:
        assert [review.id for review in visible_reviews(session, assessment_id, ben)] == [first.id, second.id]


def test_deciding_over_a_decision_unseen_is_a_conflict_that_shows_both(
    sessions: Sessions, assessment_id: int, amina: int, ben: int
) -> None:
    first = decide(sessions, amina, assessment_id, "rejected", last_review_id=0)
    with pytest.raises(ReviewConflict) as conflict:
        decide(sessions, ben, assessment_id, "confirmed", last_review_id=0)
    assert (conflict.value.theirs.verdict, conflict.value.yours.verdict) == ("rejected", "confirmed")
    with reading(sessions) as session:
        assert held(session, assessment_id)[0] == "rejected"
    assert decide(sessions, ben, assessment_id, "confirmed", last_review_id=first.id).id > first.id


def test_a_double_click_is_one_review(sessions: Sessions, assessment_id: int, amina: int) -> None:
    first = decide(sessions, amina, assessment_id, "unsure", note=" hm ", last_review_id=0)
    assert decide(sessions, amina, assessment_id, "unsure", note="hm", last_review_id=0).id == first.id


def test_an_unknown_assessment_is_not_found(sessions: Sessions, amina: int) -> None:
    with pytest.raises(AssessmentUnknown):
        decide(sessions, amina, 404, "confirmed")


def test_the_criminal_tier_needs_all_six_parts_met() -> None:
    assert checked(Decision("confirmed", worksheet=ALL_MET, tier="criminal")).tier == "criminal"
    for part in WORKSHEET_PARTS:
        with pytest.raises(ReviewInvalid, match=part.replace("_", " ")):
            checked(Decision("confirmed", worksheet=ALL_MET | {part: {"met": False}}, tier="criminal"))
    assert checked(Decision("confirmed", tier="concern")).tier == "concern"


def test_a_worksheet_part_may_be_a_bare_answer_or_a_text() -> None:
    worksheet = checked(Decision("unsure", worksheet={"intent": "unclear\x00", "context": True})).worksheet
    assert worksheet == {"context": {"met": True, "note": ""}, "intent": {"met": None, "note": "unclear"}}


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("verdict", {"verdict": "yes"}),
        ("signals", {"signals": ["anger"]}),
        ("stage", {"stage": 5}),
        ("stage", {"stage": True}),
        ("stance", {"stance": "shouts"}),
        ("targets", {"targets": ["neighbours"]}),
        ("target_names", {"target_names": ["x" * 101]}),
        ("target_names", {"target_names": [f"name {number}" for number in range(21)]}),
        ("worksheet", {"worksheet": {"mood": True}}),
        ("worksheet", {"worksheet": {"intent": {"met": "yes"}}}),
        ("tier", {"tier": "felony"}),
        ("tier", {"verdict": "rejected", "tier": "concern"}),
        ("hallmarks", {"hallmarks": ["shouting"]}),
        ("note", {"note": "x" * 5001}),
    ],
)
def test_what_cannot_be_kept_is_refused_by_the_name_of_its_field(place: str, values: dict[str, Any]) -> None:
    with pytest.raises(ReviewInvalid, match=place) as refused:
        checked(Decision(**({"verdict": "confirmed"} | values)))
    assert refused.value.place == place


@pytest.mark.parametrize(
    ("signals", "pathways"),
    [
        ({"dehumanization"}, ["ideology"]),
        ({"incitement"}, ["ideology", "escalation"]),
        (set(), []),
        (set(SIGNALS), ["ideology", "propaganda", "escalation", "leadership", "impunity"]),
    ],
)
def test_pathways_follow_from_signals(signals: set[str], pathways: list[str]) -> None:
    assert pathways_of(signals) == pathways


def test_the_time_of_the_decision_is_kept(sessions: Sessions, assessment_id: int, amina: int) -> None:
    later = NOW + dt.timedelta(days=1)
    with writing(sessions) as session:
        review = add_review(session, amina, assessment_id, Decision("rejected"), later)
    assert (review.created_at, review.reviewer_id) == (later, amina)
