"""A reviewer's day: find the next passage, read it when ready, decide, be told when somebody was faster."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.assessment import Assessment, Mark
from models.database import Sessions, reading, writing
from models.review import WORKSHEET_PARTS, Review
from tests.api.console.conftest import Browser, Page
from tests.factories import add_assessment, add_document, add_item, add_source

TEXT = "At noon he shouted that the Varni are ants and must be swept away, said the baker."
LABELS = {
    "labels": "shown",
    "signals": "incitement",
    "stage": "3",
    "stance": "asserts",
    "targets": "ethnicity_race",
    "target_names": "",
}


def add_passage(sessions: Sessions, text: str = TEXT, **values: Any) -> int:
    """Add an assessment whose passage is "the Varni ... away" and whose hottest word is "ants"."""
    marked = {"start": 24, "end": 66, "signals": {}, "stage": 3, "stance": "asserts"}
    marked["highlights"] = [{"start": 38, "end": 42, "weight": 0.9}]
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content=text, url="https://radio.example.org/1"))
        return add_assessment(session, document, **({"passages": [marked]} | values)).id


def reviews(sessions: Sessions) -> list[Review]:
    with reading(sessions) as session:
        return list(session.scalars(select(Review).order_by(Review.id)))


def last_review_id(browser: Browser, passage: int) -> str:
    fields = Page(browser.get(f"/assessments/{passage}").text).all("input")
    return str(next(field["value"] for field in fields if field.get("name") == "last_review_id"))


def masked_part(html: str) -> str:
    """Return what stands on the page before anybody asks for the words."""
    return re.sub(r"<details.*?</details>", "", html, flags=re.DOTALL)


def test_the_queue_shows_the_worst_first_and_masked(sessions: Sessions, analyst: Browser) -> None:
    mild, severe = add_passage(sessions, severity=40), add_passage(sessions, severity=90)
    html = analyst.get("/queue").text
    assert html.index(f"/assessments/{severe}") < html.index(f"/assessments/{mild}")
    assert "are ants and" not in html
    assert "▮▮▮▮" in html
    assert "not looked at yet" in html


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", True),
        ("?show=abstained", False),
        ("?show=all&signal=incitement&target=ethnicity_race&language=en&country=ke&min_severity=80", True),
        ("?signal=impunity", False),
        ("?min_severity=81", False),
        ("?q=baker", True),
        ("?q=BAKERY", False),
        ("?country=SY", False),
        ("?source=Radio+Nowhere", False),
        ("?show=nonsense&signal=nonsense&min_severity=-3&order=nonsense", True),
        ("?q=%00&language=%00", True),
    ],
)
def test_filters_in_the_address_narrow_the_queue(
    sessions: Sessions, analyst: Browser, query: str, *, seen: bool
) -> None:
    passage = add_passage(sessions)
    answer = analyst.get(f"/queue{query}")
    assert answer.status_code == 200
    assert (f"/assessments/{passage}" in answer.text) is seen


def test_a_cursor_that_is_none_of_ours_is_a_page_that_says_so(analyst: Browser) -> None:
    answer = analyst.get("/queue?cursor=x")
    assert answer.status_code == 422
    assert "start again without it" in answer.text


def test_further_passages_follow_without_repeating(sessions: Sessions, analyst: Browser) -> None:
    ids = {add_passage(sessions, severity=50 + number) for number in range(27)}
    first = analyst.get("/queue").text
    following = next(link["href"] for link in Page(first).all("a") if link.get("rel") == "next")
    second = analyst.get(str(following)).text
    pages = [{int(found) for found in re.findall(r"/assessments/(\d+)", html)} for html in (first, second)]
    assert pages[0] | pages[1] == ids
    assert not pages[0] & pages[1]


def test_words_are_masked_until_asked_for(sessions: Sessions, analyst: Browser) -> None:
    html = analyst.get(f"/assessments/{add_passage(sessions)}").text
    assert "<mark>ants</mark>" in html
    assert "ants" not in masked_part(html)
    assert "▮▮▮▮" in masked_part(html)
    reveal = next(one for one in Page(html).all("details") if one.get("id") == "reveal")
    assert "open" not in reveal


def test_a_reviewer_may_have_the_words_shown_at_once(sessions: Sessions, analyst: Browser) -> None:
    analyst.post("/preferences", back="/")
    html = analyst.get(f"/assessments/{add_passage(sessions)}").text
    assert "open" in next(one for one in Page(html).all("details") if one.get("id") == "reveal")


def test_a_text_that_no_model_could_read_is_masked_whole(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions, flag=False, marks=[], abstained=True, abstain_reason="there is no model for Keshu")
    html = analyst.get(f"/assessments/{passage}").text
    assert "baker" not in masked_part(html)
    assert "There is no model for Keshu." in html
    assert "a person has to read it" in html


def test_a_text_without_any_label_is_plain(sessions: Sessions, analyst: Browser) -> None:
    html = analyst.get(f"/assessments/{add_passage(sessions, flag=False, marks=[])}").text
    assert "said the baker" in masked_part(html)


def test_the_page_says_what_the_product_promises_beside_every_score(sessions: Sessions, analyst: Browser) -> None:
    text = Page(analyst.get(f"/assessments/{add_passage(sessions)}").text).text
    for promise in ("Radio Keshu", "No person has looked at it yet", "fake@1", "90%", "asserts it", "never predicts"):
        assert promise in text


def test_the_original_is_a_link_that_tells_nobody_and_loads_nothing(sessions: Sessions, analyst: Browser) -> None:
    page = Page(analyst.get(f"/assessments/{add_passage(sessions)}").text)
    link = next(one for one in page.all("a") if one["href"] == "https://radio.example.org/1")
    assert "noreferrer" in str(link["rel"])


def test_a_verdict_leads_to_the_next_passage_of_the_same_search(sessions: Sessions, analyst: Browser) -> None:
    severe, mild = add_passage(sessions, severity=90), add_passage(sessions, severity=40)
    add_passage(sessions, severity=60, marks=[("signal", "impunity")])
    answer = analyst.post(f"/assessments/{severe}?signal=incitement", verdict="rejected", last_review_id="0")
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location == f"/assessments/{mild}?signal=incitement&trail={severe}&done={severe}"
    html = analyst.get(location).text
    assert "You rejected it." in html
    assert f'rel="prev" href="/assessments/{severe}?signal=incitement"' in html


def test_after_the_last_passage_comes_the_queue(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions)
    location = analyst.post(f"/assessments/{passage}", verdict="unsure").headers["location"]
    assert location == f"/queue?done={passage}"
    text = Page(analyst.get(location).text).text
    assert "You were unsure." in text
    assert "Nothing waits to be reviewed here" in text


def test_one_key_confirms_without_correcting(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions)
    analyst.post(f"/assessments/{passage}", verdict="confirmed", **LABELS)
    kept = reviews(sessions)[0]
    assert (kept.verdict, kept.signals, kept.stage, kept.stance, kept.targets, kept.target_names) == (
        "confirmed", None, None, None, None, None,
    )  # fmt: skip


def test_corrections_worksheet_and_hallmarks_are_kept(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions)
    met = {f"met_{part}": "yes" for part in WORKSHEET_PARTS}
    analyst.post(
        f"/assessments/{passage}",
        **LABELS | met | {"signals": ["dehumanization", "incitement"], "stage": "4", "target_names": "Varni\n Keshu "},
        verdict="confirmed",
        why_speaker="A councillor.",
        tier="criminal",
        hallmarks="accusation_in_a_mirror",
        note="Said at noon.",
    )
    kept = reviews(sessions)[0]
    assert kept.signals == ["dehumanization", "incitement"]
    assert (kept.stage, kept.stance, kept.target_names) == (4, None, ["Varni", "Keshu"])
    assert kept.worksheet["speaker"] == {"met": True, "note": "A councillor."}
    assert (kept.tier, kept.hallmarks, kept.note) == ("criminal", ["accusation_in_a_mirror"], "Said at noon.")
    html = analyst.get(f"/assessments/{passage}").text
    assert "Speaker met: A councillor." in html
    assert "Note: Said at noon." in html


def test_a_refused_decision_is_shown_again_with_all_that_was_typed(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions)
    answer = analyst.post(
        f"/assessments/{passage}",
        **LABELS | {"signals": "impunity", "stance": "condemns", "target_names": "Old Keshu"},
        verdict="confirmed",
        tier="criminal",
        met_context="yes",
        why_intent="He <b>smiled</b>.",
        note="Look again.",
    )
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "The criminal tier needs all six parts" in page.text
    assert "He <b>smiled</b>." in page.text
    assert "Look again." in page.text
    assert "Old Keshu" in page.text
    ticked = [field["value"] for field in page.all("input") if "checked" in field and field.get("name") == "signals"]
    chosen = [option["value"] for option in page.all("option") if "selected" in option]
    assert ticked == ["impunity"]
    assert {"condemns", "criminal"} <= set(chosen)
    assert reviews(sessions) == []


def test_two_who_decide_at_once_see_both_decisions_and_may_both_stay(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    passage = add_passage(sessions)
    other = sign_in("Dina", "review")
    other.post(f"/assessments/{passage}", verdict="rejected", last_review_id="0", note="A quotation.")
    conflict = analyst.post(f"/assessments/{passage}", verdict="confirmed", last_review_id="0", note="A call.")
    assert conflict.status_code == 409
    text = Page(conflict.text).text
    for said in ("Somebody decided while you were reading", "Theirs: rejected", "Dina", "A quotation.",
                 "Yours: confirmed", "A call."):  # fmt: skip
        assert said in text
    seen = next(field["value"] for field in Page(conflict.text).all("input") if field.get("name") == "last_review_id")
    assert analyst.post(f"/assessments/{passage}", verdict="confirmed", last_review_id=seen).status_code == 303
    with reading(sessions) as session:
        assert session.get_one(Assessment, passage).status == "disputed"


def test_a_second_reviewer_is_not_told_what_the_first_decided(
    sessions: Sessions, analyst: Browser, sign_in: Callable[..., Browser]
) -> None:
    passage = add_passage(sessions)
    sign_in("Dina", "review").post(f"/assessments/{passage}", verdict="rejected", note="A quotation.")
    for path in (f"/assessments/{passage}", "/queue?show=all"):
        text = Page(analyst.get(path).text).text
        assert "rejected by a person" not in text
        assert "A quotation." not in text
        assert "person has" in text
        assert "Incitement to violence" in text  # the model's label, although the review took it away
    analyst.post(f"/assessments/{passage}", verdict="unsure", last_review_id=last_review_id(analyst, passage))
    text = Page(analyst.get(f"/assessments/{passage}").text).text
    assert "A quotation." in text
    assert "reviewers disagree" in text


def test_without_a_verdict_nothing_is_kept(sessions: Sessions, analyst: Browser) -> None:
    answer = analyst.post(f"/assessments/{add_passage(sessions)}", note="typed")
    assert answer.status_code == 422
    assert "typed" in answer.text
    assert reviews(sessions) == []


def test_enter_in_a_field_presses_no_verdict(sessions: Sessions, analyst: Browser) -> None:
    page = Page(analyst.get(f"/assessments/{add_passage(sessions)}").text)
    verdict = next(index for index, (_, attributes) in enumerate(page.elements) if attributes.get("name") == "verdict")
    before = [attributes for tag, attributes in page.elements[:verdict] if tag == "button"]
    assert "disabled" in before[-1]


def test_versions_and_copies_stand_beside_the_passage(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        source = add_source(session)
        old = add_document(session, add_item(session, source, external_id="a", content=TEXT), current=False)
        new = add_document(session, add_item(session, source, external_id="a", version=2, content="Corrected."))
        copy = add_document(session, add_item(session, content=TEXT), cluster_id=old.cluster_id)
        passage = add_assessment(session, old, current=False).id
        newer, copied = add_assessment(session, new).id, add_assessment(session, copy).id
    html = analyst.get(f"/assessments/{passage}").text
    assert "version 2 is the last one seen" in html
    assert f'href="/assessments/{newer}"' in html
    assert f'href="/assessments/{copied}"' in html


def test_an_empty_queue_says_why(analyst: Browser) -> None:
    assert "Nothing waits to be reviewed here" in analyst.get("/queue").text
    assert "No passage matches this filter" in analyst.get("/queue?q=x").text


def test_a_decision_changes_what_the_queue_counts(sessions: Sessions, analyst: Browser) -> None:
    passage = add_passage(sessions)
    assert '<span class="count">1</span>' in analyst.get("/about").text
    analyst.post(f"/assessments/{passage}", verdict="rejected")
    assert '<span class="count">' not in analyst.get("/about").text
    with reading(sessions) as session:
        assert session.scalars(select(Mark)).all() == []
