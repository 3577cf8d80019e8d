"""The agreement page says what it rests on; gold cases are an administrator's to make."""

from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import select

from api.settings import Settings
from models.database import Sessions, reading, writing
from models.review import GoldCase
from tests.api.console.conftest import Browser, Page
from tests.factories import add_assessment


def test_two_reviewers_blind_to_each_other_make_an_alpha(
    sessions: Sessions, app: FastAPI, analyst: Browser, admin: Browser, sign_in: Callable[..., Browser]
) -> None:
    app.state.settings = Settings(double_review_share=1.0)
    with writing(sessions) as session:
        ids = [add_assessment(session, language="sw").id for _ in range(10)]
    for number, passage in enumerate(ids):
        analyst.post(f"/assessments/{passage}", verdict="confirmed" if number % 2 else "rejected")
    other = sign_in("Dina", "review")
    assert "/assessments/" not in analyst.get("/queue?show=second").text
    seen = other.get("/queue?show=second").text
    assert "a person has looked" in seen
    assert "by a person" not in seen
    location = other.post("/queue/next?show=second").headers["location"]
    for _ in ids:
        passage = int(location.split("?")[0].rsplit("/", 1)[1])
        known = Page(other.get(location).text).all("input")
        seen_review = next(field["value"] for field in known if field.get("name") == "last_review_id")
        verdict = "confirmed" if (passage - ids[0]) % 2 else "rejected"
        decided = other.post(f"/assessments/{passage}?show=second", verdict=verdict, last_review_id=str(seen_review))
        location = decided.headers["location"]
    assert location.startswith("/queue?show=second")
    text = " ".join(Page(admin.get("/agreement").text).text.split())
    assert "Verdict all 1.00 reliable 10" in text
    assert "Incitement to violence sw 1.00 reliable 10" in text
    assert "100.0% of passages go to a second reviewer" in text


def test_a_gold_case_is_made_changed_and_unmade_by_an_administrator(
    sessions: Sessions, analyst: Browser, admin: Browser
) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
    assert analyst.post(f"/assessments/{passage}/gold", act="keep", verdict="rejected").status_code == 403
    assert admin.post(f"/assessments/{passage}/gold", act="keep", verdict="unsure").status_code == 422
    assert admin.post("/assessments/999/gold", act="keep", verdict="rejected").status_code == 404
    for verdict in ("rejected", "confirmed"):
        admin.post(f"/assessments/{passage}/gold", act="keep", verdict=verdict)
        with reading(sessions) as session:
            assert session.scalars(select(GoldCase)).one().verdict == verdict
    assert "gold" not in analyst.get(f"/assessments/{passage}").text
    analyst.post(f"/assessments/{passage}", verdict="confirmed")
    text = " ".join(Page(admin.get("/agreement").text).text.split())
    assert "Amina 1 of 1 21% to >99%" in text
    assert "Amina 1 of 1" not in " ".join(Page(analyst.get("/agreement").text).text.split())
    admin.post(f"/assessments/{passage}/gold", act="remove")
    with reading(sessions) as session:
        assert session.scalars(select(GoldCase)).all() == []


def test_a_reader_sees_no_agreement(outsider: Browser) -> None:
    assert outsider.get("/agreement").status_code == 403


def test_nothing_decided_twice_is_said(analyst: Browser) -> None:
    assert "No passage has been decided about by two people yet" in analyst.get("/agreement").text
