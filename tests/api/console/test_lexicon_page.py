"""The lexicon is searched by everybody and kept by administrators; what it finds stands beside the passage."""

import pytest
from sqlalchemy import select

from api.lexicon import every, one
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.lexicon import LexiconEntry
from tests.api.console.conftest import Browser, Page
from tests.factories import add_assessment, add_document

TYPED = {
    "act": "keep", "key": "", "version": "0", "term": "Kuvarna", "variants": "kuvarnisha*\nondoa kuvarna",
    "languages": "sw, *", "countries": "ke", "consistent_with": "incitement", "meaning": "to wash a hill",
    "benign": "laundry", "does_not_prove": "that anybody is meant", "source": "the desk", "caution": "medium",
}  # fmt: skip


def text_of(browser: Browser, address: str) -> str:
    return " ".join(Page(browser.get(address).text).text.split())


def actions(sessions: Sessions) -> list[dict[str, object]]:
    with reading(sessions) as session:
        found = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "lexicon.changed").order_by(AuditEvent.id)
        )
        return [event.details for event in found]


def held(sessions: Sessions, key: str) -> tuple[str, int, bool]:
    with reading(sessions) as session:
        found = one(session, key)
        return found.origin, found.version, found.entry.active


def test_an_entry_is_added_found_by_all_and_kept_in_the_audit_log(
    sessions: Sessions, admin: Browser, outsider: Browser
) -> None:
    answer = admin.post("/lexicon", **TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/lexicon?show=own&q=sw-kuvarna")
    text = text_of(outsider, "/lexicon?q=ondoa+kuvarna")
    assert "Kuvarna sw · looked for in every language · KE your own" in text
    assert "Meaning to wash a hill Also used for laundry Does not prove that anybody is meant" in text
    assert "medium: misleads at times" in text
    assert "no native speaker has checked this entry" in text
    [told] = actions(sessions)
    assert (told["key"], told["act"]) == ("sw-kuvarna", "add")


def test_the_form_shows_what_is_kept_and_changes_it(sessions: Sessions, admin: Browser) -> None:
    admin.post("/lexicon", **TYPED)
    shown = admin.get("/lexicon?edit=sw-kuvarna").text
    assert "kuvarnisha*\nondoa kuvarna" in shown
    changed = TYPED | {"key": "sw-kuvarna", "version": "1", "reviewed_by": "Amina", "reviewed_on": "2026-03-14"}
    assert admin.post("/lexicon", **changed).status_code == 303
    assert "by Amina, 2026-03-14" in text_of(admin, "/lexicon?q=kuvarna")
    assert actions(sessions)[-1] == {"key": "sw-kuvarna", "act": "edit", "changed": ["reviewed_by", "reviewed_on"]}


def test_an_entry_of_the_product_is_retired_taken_up_and_let_stand_again(sessions: Sessions, admin: Browser) -> None:
    key = "sw-madoadoa"
    admin.post("/lexicon", act="retire", key=key, version="0")
    assert held(sessions, key) == ("changed", 1, False)
    assert (
        "madoadoa"
        not in text_of(admin, "/lexicon?q=madoadoa&show=active").lower().partition("no entry matches")[0][900:]
    )
    assert "retired" in text_of(admin, "/lexicon?q=madoadoa&show=retired")
    admin.post("/lexicon", act="reinstate", key=key, version="1")
    assert held(sessions, key) == ("changed", 2, True)
    admin.post("/lexicon", act="restore", key=key, version="2")
    assert held(sessions, key) == ("product", 0, True)
    assert [event["act"] for event in actions(sessions)] == ["retire", "reinstate", "restore"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"benign": ""}, "its benign uses"),
        ({"does_not_prove": " "}, "what it does not prove"),
        ({"languages": "*"}, "the language of its term"),
        ({"variants": "*varna"}, "may only end a word"),
        ({"reviewed_on": "soon", "reviewed_by": "Amina"}, "both who and when"),
        ({"consistent_with": "anger"}, "signal"),
    ],
)
def test_a_refused_entry_is_shown_again_with_what_was_typed(
    sessions: Sessions, admin: Browser, wrong: dict[str, str], why: str
) -> None:
    answer = admin.post("/lexicon", **TYPED | wrong)
    assert answer.status_code == 422
    assert why in answer.text
    assert 'value="Kuvarna"' in answer.text
    with reading(sessions) as session:
        assert session.scalars(select(LexiconEntry)).all() == []


def test_only_administrators_change_it(analyst: Browser, lead: Browser) -> None:
    assert analyst.post("/lexicon", **TYPED).status_code == 403
    assert lead.post("/lexicon", act="retire", key="sw-madoadoa", version="0").status_code == 403
    assert "Add an entry" not in analyst.get("/lexicon").text


def test_two_who_edit_at_once_notice(sessions: Sessions, admin: Browser) -> None:
    admin.post("/lexicon", **TYPED)
    edited = TYPED | {"key": "sw-kuvarna", "version": "1"}
    assert admin.post("/lexicon", **edited | {"meaning": "first"}).status_code == 303
    refused = admin.post("/lexicon", **edited | {"meaning": "second"})
    assert refused.status_code == 409
    assert "meanwhile" in refused.text
    assert "second" in refused.text
    assert admin.post("/lexicon", act="retire", key="sw-kuvarna", version="1").status_code == 409
    with reading(sessions) as session:
        assert one(session, "sw-kuvarna").entry.meaning == "first"


def test_the_same_term_is_not_added_twice(admin: Browser) -> None:
    admin.post("/lexicon", **TYPED)
    assert "already" in admin.post("/lexicon", **TYPED).text
    assert admin.post("/lexicon", **TYPED | {"term": "madoadoa"}).status_code == 409


def test_what_is_not_there_cannot_be_changed(admin: Browser) -> None:
    for fields in ({"act": "retire", "key": "none"}, {"act": "restore", "key": "none"}):
        assert admin.post("/lexicon", version="0", **fields).status_code == 404
    assert admin.post("/lexicon", **TYPED | {"key": "none"}).status_code == 404
    assert admin.post("/lexicon", act="restore", key="sw-madoadoa", version="0").status_code == 409
    assert admin.post("/lexicon", act="dance", key="sw-madoadoa", version="0").status_code == 422
    assert admin.get("/lexicon?edit=none").status_code == 404


def test_the_list_is_narrowed_by_language_and_review(admin: Browser) -> None:
    assert "የቀን ጅብ" in text_of(admin, "/lexicon?language=am")
    assert "madoadoa" not in text_of(admin, "/lexicon?language=am")
    admin.post("/lexicon", **TYPED | {"reviewed_by": "Amina", "reviewed_on": "2026-03-14"})
    assert "Kuvarna" not in text_of(admin, "/lexicon?show=unreviewed&language=sw")
    assert "No native speaker has reviewed any entry" not in text_of(admin, "/lexicon")
    assert "No entry matches" in text_of(admin, "/lexicon?q=zzzz")


# ---------------------------------------------------------------------------------------------- beside a passage


def passage(sessions: Sessions, text: str, **values: object) -> int:
    with writing(sessions) as session:
        mark = {"start": 0, "end": len(text), "signals": {}, "highlights": []}
        shown: dict[str, object] = {"passages": [mark], "language": "sw"}
        return add_assessment(session, add_document(session, text=text), **shown | values).id


def test_a_passage_is_shown_with_its_terms_and_what_they_do_not_prove(sessions: Sessions, admin: Browser) -> None:
    admin.post("/lexicon", **TYPED)
    number = passage(sessions, "Leo tunakuVARNA? K\u200buvarna! Ondoa madoadoa.")
    text = text_of(admin, f"/assessments/{number}")
    assert "2 terms of the lexicon stand in the text" in text
    assert "A term found proves nothing by itself" in text
    assert "Does not prove that anybody is meant" in text
    assert "Spots, stains." in text
    assert "2 terms of the lexicon" in text_of(admin, "/queue")


def test_the_terms_stay_folded_while_the_words_are_masked(sessions: Sessions, analyst: Browser) -> None:
    number = passage(sessions, "Ondoa madoadoa.")
    section = analyst.get(f"/assessments/{number}").text.partition('id="h-lexicon"')[2]
    assert section.partition("madoadoa")[0].count("<details>") == 1
    assert "madoadoa" not in text_of(analyst, "/queue")


def test_a_retired_or_foreign_term_and_a_text_without_any_show_nothing(sessions: Sessions, admin: Browser) -> None:
    english = passage(sessions, "The kwekwe of the hills.", language="en")
    calm = passage(sessions, "Soko lilifunguliwa saa mbili.")
    retired = passage(sessions, "Kwekwe shambani.")
    admin.post("/lexicon", act="retire", key="sw-kwekwe", version="0")
    for number in (english, calm, retired):
        assert "of the lexicon" not in admin.get(f"/assessments/{number}").text
    assert "of the lexicon" not in admin.get("/queue").text


def test_hostile_entries_stay_texts(sessions: Sessions, admin: Browser) -> None:
    admin.post("/lexicon", **TYPED | {"term": "kuvarna <script>alert(1)</script>", "variants": "kuvarna",
                                      "meaning": "<img src=x onerror=alert(1)>"})  # fmt: skip
    number = passage(sessions, "Kuvarna leo.")
    for address in ("/lexicon?show=own", f"/assessments/{number}"):
        page = Page(admin.get(address).text)
        assert [image["alt"] for image in page.all("img")] == [""]  # the bell
        assert "alert(1)" in page.text
    with reading(sessions) as session:
        assert [held.entry.key for held in every(session) if held.origin == "own"] == [
            "sw-kuvarna-script-alert-1-script"
        ]
