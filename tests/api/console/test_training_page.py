"""A course's day: a lead makes a case, a reviewer practises with the answer shown, and the queue never notices."""

from collections.abc import Callable

from sqlalchemy import select

from models.assessment import Assessment
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.review import GoldCase, Review, ReviewLease
from tests.api.console.conftest import Browser, Page
from tests.api.console.world import build
from tests.factories import add_assessment


def text_of(browser: Browser, path: str) -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def made(sessions: Sessions, lead: Browser, **fields: str) -> int:
    with writing(sessions) as session:
        passage = add_assessment(session).id
    kept = {"act": "keep", "verdict": "confirmed", "labels": "shown", "signals": "incitement", "training": "on"}
    assert lead.post(f"/assessments/{passage}/gold", **(kept | fields)).status_code == 303
    return passage


def test_a_case_is_practised_with_the_codebooks_reason(sessions: Sessions, lead: Browser, analyst: Browser) -> None:
    passage = made(sessions, lead, reason="They are told to be driven away.")
    assert "You have not practised yet; one case waits." in text_of(analyst, "/training")
    shown = text_of(analyst, f"/training/{passage}")
    assert "driven away" not in shown
    assert analyst.get(f"/training/{passage}/answer").status_code == 404
    answered = analyst.post(f"/training/{passage}?pathway=ideology", verdict="rejected")
    assert answered.headers["location"] == f"/training/{passage}/answer?pathway=ideology"
    told = text_of(analyst, answered.headers["location"])
    assert "Settled otherwise. Your verdict: rejected. The settled one: confirmed." in told
    assert "They are told to be driven away." in told
    assert "Incitement to violence applies does not apply otherwise Mark it when: The passage calls for" in told
    analyst.post(f"/training/{passage}", verdict="confirmed")
    told = text_of(analyst, f"/training/{passage}/answer")
    assert "As settled." in told
    assert "You have answered 2 times." in told
    scored = text_of(analyst, "/training")
    assert "All 1 0 of 1 (0% to 79%) 1 of 1 (21% to 100%)" in scored
    assert "Incitement to violence 1 0 0" in scored
    assert "The class" not in scored
    assert "Amina 0 of 1 (0% to 79%) 1 of 1" in text_of(lead, "/training")


def test_a_wrongly_named_signal_is_told_what_it_is_not_for(sessions: Sessions, lead: Browser, analyst: Browser) -> None:
    passage = made(sessions, lead, verdict="rejected")
    with reading(sessions) as session:
        assert session.scalars(select(GoldCase)).one().signals is None
    analyst.post(f"/training/{passage}", verdict="confirmed")
    assert "does not apply applies otherwise Do not mark it for: Threats between" in text_of(
        analyst, f"/training/{passage}/answer"
    )


def test_training_touches_no_queue_no_review_and_no_lease(
    sessions: Sessions, lead: Browser, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    passage = made(sessions, lead)
    assert f"/assessments/{passage}" not in analyst.get("/queue?show=second").text
    analyst.get(f"/training/{passage}")
    analyst.post(f"/training/{passage}", verdict="confirmed")
    with reading(sessions) as session:
        assert session.get_one(Assessment, passage).status == "unreviewed"
        assert session.scalars(select(Review)).all() == []
        assert session.scalars(select(ReviewLease)).all() == []
        actions = set(session.scalars(select(AuditEvent.action).where(AuditEvent.subject == "assessment")))
    # That the text was read is kept like any reading; no decision is.
    assert actions == {"text.read_marked", "gold.changed"}
    assert f"/assessments/{passage}" in sign_in("Dina", "review").get("/queue").text


def test_readers_do_not_practise_and_other_passages_are_no_cases(
    sessions: Sessions, outsider: Browser, analyst: Browser
) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
    assert outsider.get("/training").status_code == 403
    assert analyst.get(f"/training/{passage}").status_code == 404
    assert analyst.post(f"/training/{passage}", verdict="confirmed").status_code == 404
    assert "There is no case to practise on yet" in text_of(analyst, "/training")


def test_what_is_no_verdict_is_refused(sessions: Sessions, lead: Browser, analyst: Browser) -> None:
    passage = made(sessions, lead)
    assert analyst.post(f"/training/{passage}", verdict="").status_code == 422


def test_the_gold_form_keeps_what_is_settled(sessions: Sessions, lead: Browser) -> None:
    passage = made(sessions, lead, reason="Because.", signals="impunity")
    with reading(sessions) as session:
        case = session.get_one(GoldCase, passage)
    assert (case.signals, case.reason, case.training) == (["impunity"], "Because.", True)
    lead.post(f"/assessments/{passage}/gold", act="keep", verdict="confirmed")
    with reading(sessions) as session:
        case = session.get_one(GoldCase, passage)
    assert (case.signals, case.reason, case.training) == (None, None, False)


def test_drift_is_shown_to_leads_and_goes_out_as_csv(
    sessions: Sessions, lead: Browser, sign_in: Callable[..., Browser]
) -> None:
    build(sessions)
    analyst = sign_in("Dina", "review")
    text = text_of(lead, "/agreement")
    assert "Dalia Verdict 6 of 6 (61% to 100%) 0 of 7 (0% to 35%) −100 (−100 to −47) drifts" in text
    assert "Drift" not in text_of(analyst, "/agreement")
    rows = lead.get("/agreement?format=csv").text.splitlines()
    assert rows[0] == "reviewer,label,month,agreed,decided,share,low,high"
    assert any(row.startswith("Dalia,verdict,") for row in rows)
    assert analyst.get("/agreement?format=csv").status_code == 403


def test_a_lead_takes_the_course_in_and_out(sessions: Sessions, lead: Browser, analyst: Browser) -> None:
    assert "40 invented cases (English, Français, العربية, Kiswahili)" in text_of(lead, "/training")
    assert "Take the course in" not in text_of(analyst, "/training")
    assert analyst.post("/training/course", act="load").status_code == 403
    assert lead.post("/training/course", act="sing").status_code == 422
    assert lead.post("/training/course", act="load").status_code == 303
    start = next(str(one["href"]) for one in Page(analyst.get("/training?language=sw").text).all("a")
                 if str(one.get("href")).startswith("/training/"))  # fmt: skip
    assert start.endswith("?language=sw")
    shown = analyst.get(start).text
    assert 'lang="sw"' in shown
    answered = analyst.post(start, verdict="unsure").headers["location"]
    assert answered.endswith("/answer?language=sw")
    told = analyst.get(answered).text
    assert "Mark it when:" in told or "Do not mark it for:" in told
    case = start.partition("?")[0].removeprefix("/training/")
    assert "It was never in a queue." in text_of(lead, f"/assessments/{case}")
    assert "This is not the newest" not in text_of(lead, f"/assessments/{case}")
    lead.post("/training/course", act="remove")
    assert "There is no case to practise on yet" in text_of(analyst, "/training")
