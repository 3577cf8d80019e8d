"""No two reviewers get the same passage; a decision can be taken back; searches are kept; a pause is proposed."""

import datetime as dt
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api import audit, leases
from api.queue import QueueFilters, find_ids
from api.reviews import Decision, NothingToWithdraw, add_review, withdraw_review
from api.settings import Settings
from models.assessment import Assessment, uncertainty_of
from models.audit import AuditEvent
from models.codebook import SIGNALS
from models.database import Sessions, reading, writing
from models.review import ReviewLease, SavedSearch
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, minutes

LEASE = dt.timedelta(minutes=15)
WAITING = QueueFilters(flag=True, status="unreviewed")


def passages(sessions: Sessions, *severities: int) -> list[int]:
    with writing(sessions) as session:
        return [add_assessment(session, severity=severity).id for severity in severities]


def people(sessions: Sessions, count: int = 2) -> list[int]:
    with writing(sessions) as session:
        return [add_account(session).id for _ in range(count)]


def take_next(sessions: Sessions, account: int, now: dt.datetime = NOW) -> int | None:
    with writing(sessions) as session:
        return leases.take_next(session, WAITING, "severity", None, account, now=now, lease=LEASE)


def status(sessions: Sessions, passage: int) -> str:
    with reading(sessions) as session:
        return session.get_one(Assessment, passage).status


def test_each_reviewer_gets_another_passage_until_none_is_free(sessions: Sessions) -> None:
    worst, mild = passages(sessions, 90, 40)
    first, second = people(sessions)
    assert [take_next(sessions, first), take_next(sessions, second)] == [worst, mild]
    assert take_next(sessions, people(sessions, 1)[0]) is None


def test_a_lease_ends_by_time_and_its_holder_may_lengthen_it(sessions: Sessions) -> None:
    (passage,) = passages(sessions, 90)
    first, second = people(sessions)
    assert take_next(sessions, first) == passage
    assert take_next(sessions, second, NOW + minutes(14)) is None
    assert take_next(sessions, first, NOW + minutes(14)) == passage
    assert take_next(sessions, second, NOW + minutes(16)) is None
    assert take_next(sessions, second, NOW + minutes(29)) == passage


def test_one_reviewer_holds_one_passage(sessions: Sessions) -> None:
    worst, mild = passages(sessions, 90, 40)
    first, second = people(sessions)
    with writing(sessions) as session:
        assert leases.take(session, worst, first, NOW, LEASE)
        assert leases.take(session, mild, first, NOW, LEASE)
    assert take_next(sessions, second) == worst


def test_the_second_who_opens_a_passage_is_told_and_led_on(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    worst, mild = passages(sessions, 90, 40)
    analyst.get(f"/assessments/{worst}")
    page = Page(sign_in("Dina", "review").get(f"/assessments/{worst}").text)
    assert "It is with Amina until 14 Mar 2026, 09:45 UTC" in page.text
    assert not [field for field in page.all("button") if field.get("name") == "verdict"]
    assert f"/assessments/{mild}?trail={worst}" in [link["href"] for link in page.all("a")]
    assert "with Amina" in Page(sign_in("Dina", "review").get("/queue").text).text


def test_starting_and_deciding_hand_out_free_passages_only(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    worst, middle, mild = passages(sessions, 90, 60, 40)
    other = sign_in("Dina", "review")
    assert analyst.post("/queue/next").headers["location"] == f"/assessments/{worst}"
    assert other.post("/queue/next").headers["location"] == f"/assessments/{middle}"
    decided = analyst.post(f"/assessments/{worst}", verdict="rejected", last_review_id="0")
    assert decided.headers["location"].startswith(f"/assessments/{mild}?")
    third = sign_in("Emil", "review").post("/queue/next")
    assert third.headers["location"] == "/queue?none=1"
    assert "with somebody else now" in sign_in("Emil", "review").get("/queue?none=1").text


def test_a_reader_takes_nothing(sessions: Sessions, outsider: Browser) -> None:
    (passage,) = passages(sessions, 90)
    assert outsider.get(f"/assessments/{passage}").status_code == 200
    assert outsider.post("/queue/next").status_code == 403
    with reading(sessions) as session:
        assert session.scalars(select(ReviewLease)).all() == []


def test_undo_takes_the_last_verdict_back(sessions: Sessions, analyst: Browser) -> None:
    passage, following = passages(sessions, 90, 40)
    location = analyst.post(f"/assessments/{passage}?signal=incitement", verdict="rejected").headers["location"]
    undo = next(form["action"] for form in Page(analyst.get(location).text).all("form") if form.get("id") == "undo")
    assert undo == f"/assessments/{passage}/withdraw?signal=incitement"
    back = analyst.post(str(undo)).headers["location"]
    assert back == f"/assessments/{passage}?signal=incitement&done={passage}"
    page = Page(analyst.get(back).text)
    assert "You took your decision back." in page.text
    assert "undo" not in [form.get("id") for form in page.all("form")]
    assert status(sessions, passage) == "unreviewed"
    assert analyst.post(str(undo)).status_code == 409
    assert following


def test_undo_brings_back_what_was_decided_before(sessions: Sessions) -> None:
    (passage,) = passages(sessions, 90)
    me, other = people(sessions)
    with writing(sessions) as session:
        for verdict in ("confirmed", "rejected"):
            add_review(session, me, passage, Decision(verdict), NOW)
        with pytest.raises(NothingToWithdraw):
            withdraw_review(session, other, passage, NOW)
        withdraw_review(session, me, passage, NOW)
    assert status(sessions, passage) == "confirmed"
    with writing(sessions) as session:
        withdraw_review(session, me, passage, NOW)
        with pytest.raises(NothingToWithdraw):
            withdraw_review(session, me, passage, NOW)
    assert status(sessions, passage) == "unreviewed"


def test_orders_by_uncertainty_and_by_age(sessions: Sessions) -> None:
    certain, torn, unsure = (dict.fromkeys(SIGNALS, value) for value in (0.99, 0.5, 0.7))
    with writing(sessions) as session:
        ids = [add_assessment(session, signals=signals).id for signals in (certain, torn, unsure)]
    with reading(sessions) as session:
        assert find_ids(session, WAITING, "oldest")[0] == ids
        expected = [ids[1], ids[2], ids[0]]
        assert find_ids(session, WAITING, "uncertainty")[0] == expected
        labelled = QueueFilters(signal="incitement", target="ethnicity_race")
        assert find_ids(session, labelled, "uncertainty")[0] == expected
        for order, whole in (("oldest", ids), ("uncertainty", expected)):
            one, cursor = find_ids(session, WAITING, order, None, 1)
            assert one + find_ids(session, WAITING, order, cursor, 5)[0] == whole


def test_uncertainty_is_the_nearness_to_a_tossed_coin() -> None:
    assert [uncertainty_of({"a": p, "b": 0.0}) for p in (0.0, 0.25, 0.5, 1.0)] == [0, 50, 100, 0]
    assert uncertainty_of({}) == 0


def test_searches_are_kept_renewed_and_removed_by_their_owner_alone(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    analyst.post("/queue/searches?signal=incitement&country=ke", name=" Calls  in Kenya ")
    analyst.post("/queue/searches?signal=impunity", name="Calls in Kenya")
    assert analyst.post("/queue/searches", name=" ").status_code == 422
    with reading(sessions) as session:
        kept = session.scalars(select(SavedSearch)).one()
    assert (kept.name, kept.query) == ("Calls in Kenya", "?signal=impunity")
    assert "/queue?signal=impunity" in [link["href"] for link in Page(analyst.get("/queue").text).all("a")]
    other = sign_in("Dina", "review")
    assert "Calls in Kenya" not in other.get("/queue").text
    other.post(f"/queue/searches/{kept.id}")
    assert "Calls in Kenya" in analyst.get("/queue").text
    analyst.post(f"/queue/searches/{kept.id}")
    assert "Calls in Kenya" not in analyst.get("/queue").text


def test_a_pause_is_proposed_once_the_hour_held_enough(sessions: Sessions, app: FastAPI, analyst: Browser) -> None:
    app.state.settings = Settings(exposure_per_hour=2)
    first, second = passages(sessions, 90, 40)
    with writing(sessions) as session:
        harmless = add_assessment(session, flag=False).id
    for passage in (first, first, harmless):
        assert "Time for a pause" not in analyst.get(f"/assessments/{passage}").text
    assert "You have opened 2 marked passages" in Page(analyst.get(f"/assessments/{second}").text).text
    app.state.clock = lambda: NOW + minutes(61)
    assert "Time for a pause" not in analyst.get(f"/assessments/{first}").text


def test_every_read_of_a_text_and_every_decision_is_kept(
    sessions: Sessions, analyst: Browser, outsider: Browser
) -> None:
    (passage,) = passages(sessions, 90)
    outsider.get(f"/assessments/{passage}")
    analyst.get(f"/assessments/{passage}")
    analyst.post(f"/assessments/{passage}", verdict="unsure")
    analyst.post(f"/assessments/{passage}/withdraw")
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent).where(AuditEvent.subject == "assessment").order_by(AuditEvent.id))
        told = [(event.action, event.subject_id) for event in kept]
    assert [action for action, _ in told] == [
        "text.read_marked", "text.read_marked", "review.decided", "review.withdrawn",
    ]  # fmt: skip
    assert {subject for _, subject in told} == {passage}


def test_an_action_that_the_log_does_not_know_is_refused(sessions: Sessions) -> None:
    with writing(sessions) as session, pytest.raises(ValueError, match="no action of the audit log"):
        audit.note(session, None, "text.eaten", NOW)
