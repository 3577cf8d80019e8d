"""The page on thresholds suggests and changes nothing; the settings show what holds and no secret."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from api.console import words
from api.console.installation import masked
from api.deciding import keep_decision
from api.reviews import Decision
from api.settings import describe
from classify.checkpoint import BUNDLED, config_file, model_config
from classify.scorer import UNREACHABLE
from models.audit import AuditEvent
from models.codebook import SIGNALS
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_account, add_assessment


def text_of(browser: Browser, path: str) -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def settle(sessions: Sessions, language: str = "sw", **decisions: int) -> None:
    with writing(sessions) as session:
        reviewer = add_account(session).id
        for verdict, count in decisions.items():
            for _ in range(count):
                passage = add_assessment(session, language=language).id
                keep_decision(session, reviewer, passage, Decision(verdict), NOW, 0.0)


def test_a_suggestion_says_its_interval_and_what_it_rests_on(sessions: Sessions, lead: Browser) -> None:
    settle(sessions, confirmed=16, rejected=4)
    text = text_of(lead, "/thresholds?precision=80")
    present = model_config(config_file(BUNDLED)).thresholds["flag"]["incitement"]
    assert f"Incitement to violence all {present:.3f} 0.900 80% (58% to 92%) 20 of 20 reviews 16 of 16" in text
    assert "no threshold reached it" in text_of(lead, "/thresholds?precision=90")
    assert "sw,incitement" in lead.get("/thresholds?precision=80&format=csv").text
    assert "Take the texts out" not in text


def test_each_language_has_its_own_thresholds(sessions: Sessions, lead: Browser) -> None:
    config = model_config(config_file(BUNDLED))
    unreached = ((code, key) for code in config.languages for key in SIGNALS if config.flag(code)[key] == UNREACHABLE)
    code, unread = next(unreached)
    settle(sessions, code, confirmed=1)
    text = text_of(lead, "/thresholds")
    for each, told in config.languages.items():
        limits = config.flag(each)
        shown = [f"{limits[key]:.3f}" for key in SIGNALS if limits[key] < UNREACHABLE]
        row = text.partition(f" {each} {told['status']} ")[2]
        assert all(one in row for one in shown), each
        assert f" {each} {told['status']} " + ("–" if limits["dehumanization"] == UNREACHABLE else shown[0]) in text
        says = {
            "experimental": f"The model's reading of '{each}' is experimental.",
            "not evaluated": f"The model has no validated performance in language '{each}'.",
        }
        assert all((said in text) == (told["status"] == status) for status, said in says.items()), each
    # What nobody measured well enough in a language has no threshold there, and none of another stands in for it.
    assert f"{words.SIGNALS[unread]} {code} – not flagged" in text
    assert f"\r\n{code},{unread},,," in lead.get("/thresholds?format=csv").text


def test_few_reviews_suggest_nothing(sessions: Sessions, lead: Browser) -> None:
    assert "Nothing has been settled" in text_of(lead, "/thresholds?precision=x")
    settle(sessions, confirmed=2)
    assert "fewer than 20 reviews" in text_of(lead, "/thresholds")


def test_texts_go_to_administrators_alone_and_it_is_kept(sessions: Sessions, admin: Browser, analyst: Browser) -> None:
    settle(sessions, confirmed=1)
    assert analyst.get("/thresholds").status_code == 403
    assert analyst.post("/thresholds/texts").status_code == 403
    taken = admin.post("/thresholds/texts")
    assert (taken.status_code, taken.text.count("\n")) == (200, 1)
    with reading(sessions) as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "text.exported")).one().details == {
            "what": "training",
            "format": "jsonl",
        }


def test_settings_say_where_they_were_set_and_show_no_secret(
    admin: Browser, sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_LEASE_MINUTES", "30")
    text = text_of(admin, "/settings")
    assert "TOCSIN_LEASE_MINUTES How long a passage stays" in text
    assert "15 15 TOCSIN_LEASE_MINUTES" in text  # the service was started before it was set
    assert sign_in("Amina", "review").get("/settings").status_code == 403
    known = {one.name: one for one in describe()}
    assert masked(known["smtp_password"], "hunter2") == "set, and not shown"
    for address in ("postgresql+psycopg://me:hunter2@db/x", "postgresql+psycopg://me:hu/nter@2@db/x?a=1"):
        assert masked(known["database_url"], address).startswith("postgresql+psycopg://***@db/x")
    assert masked(known["database_url"], "postgresql+psycopg:///x?password=hunter2&host=/s").endswith("=***&host=/s")
    secret = next(one for one in known.values() if one.secret)
    assert masked(secret, "hunter2") == "set, and not shown"
    assert masked(known["lease_minutes"], 15) == "15"
