"""The queue shows the worst first, narrows by every filter, and keeps second reviewers blind."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.database import Sessions, writing
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item, add_source, minutes

CONTRACT = {
    *("language", "language_confidence", "flag", "abstained", "abstain_reason", "severity", "stage", "stance"),
    *("signals", "pathways", "targets", "target_names", "passages", "model"),
}


def test_the_worst_come_first_page_by_page(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        for severity in (10, 90, 50, 90, 70):
            add_assessment(session, severity=severity)
    seen, cursor = [], None
    while True:
        page = analyst.get("/v1/assessments", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [(item["severity"], item["id"]) for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert [severity for severity, _ in seen] == [90, 90, 70, 50, 10]
    assert len({one for _, one in seen}) == 5


def test_the_newest_come_first_when_asked(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        ids = [add_assessment(session, severity=severity).id for severity in (10, 90, 50)]
    found = analyst.get("/v1/assessments", params={"order": "newest"}).json()["items"]
    assert [item["id"] for item in found] == ids[::-1]


def test_one_item_has_the_shape_of_the_contract(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        source = add_source(session, name="Radio Keshu")
        add_assessment(session, add_document(session, add_item(session, source, title="A title")))
    item = analyst.get("/v1/assessments").json()["items"][0]
    assert item.keys() >= CONTRACT
    assert (set(item["signals"]), set(item["pathways"]), set(item["targets"])) == (
        set(SIGNALS),
        set(PATHWAYS),
        set(TARGETS),
    )
    assert (item["source"]["name"], item["document"]["title"]) == ("Radio Keshu", "A title")
    assert (item["status"], item["reviewed"]) == ("unreviewed", False)
    assert "no person has reviewed it" in item["machine"]


@pytest.mark.parametrize(
    "narrow",
    [
        {"flag": "true"},
        {"signal": "impunity"},
        {"pathway": "impunity"},
        {"target": "religion"},
        {"target_name": "Varni"},
        {"language": "sw"},
        {"country": "rw"},
        {"source": "Radio Tolbari"},
        {"min_severity": "60"},
        {"stage": "4"},
        {"stance": "reports"},
        {"status": "disputed"},
        {"since": "2026-03-14T09:31:00Z"},
        {"q": "TALL trees"},
        {"signal": "impunity", "target": "religion", "target_name": "Varni", "min_severity": "60"},
    ],
    ids=str,
)
@pytest.mark.parametrize("order", ["severity", "newest"])
def test_every_filter_narrows(sessions: Sessions, analyst: TestClient, narrow: dict[str, str], order: str) -> None:
    with writing(sessions) as session:
        add_assessment(session, flag=False, severity=5)
        source = add_source(session, name="Radio Tolbari", country="RW")
        item = add_item(session, source, content="They said: cut the tall trees.", event_at=NOW + minutes(2))
        wanted = add_assessment(
            session,
            add_document(session, item),
            language="sw",
            severity=88,
            stage=4,
            stance="reports",
            status="disputed",
            marks=[("signal", "impunity"), ("pathway", "impunity"), ("target", "religion"), ("target_name", "Varni")],
        ).id
    found = analyst.get("/v1/assessments", params=narrow | {"order": order}).json()
    assert [item["id"] for item in found["items"]] == [wanted]


def test_until_ends_before_its_moment(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session)
    assert not analyst.get("/v1/assessments", params={"until": "2026-03-14T09:30:00Z"}).json()["items"]
    assert analyst.get("/v1/assessments", params={"until": "2026-03-14T12:30:01+03:00"}).json()["items"]


def test_outdated_assessments_are_not_in_the_queue(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        old = add_assessment(session, current=False).id
    assert analyst.get("/v1/assessments").json()["items"] == []
    assert analyst.get(f"/v1/assessments/{old}").json()["current"] is False


def test_an_unknown_source_finds_nothing(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session)
    assert analyst.get("/v1/assessments", params={"source": "Nobody"}).json() == {"items": [], "next": None}


def test_a_percent_sign_is_searched_for_as_itself(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        for text in ("90% of Marrok", "90 of Marrok"):
            add_assessment(session, add_document(session, add_item(session, content=text)))
    assert len(analyst.get("/v1/assessments", params={"q": "90%"}).json()["items"]) == 1


def test_a_decision_is_kept_and_holds(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        one = add_assessment(session).id
    answer = analyst.post(f"/v1/assessments/{one}/reviews", json={"verdict": "rejected", "note": "A song title."})
    assert answer.status_code == 201
    after = analyst.get(f"/v1/assessments/{one}").json()
    assert (after["status"], after["reviewed"], after["flagged_now"], after["flag"]) == ("rejected", True, False, True)
    assert after["reviews"][0]["note"] == "A song title."


def test_a_second_reviewer_is_blind_until_done(
    sessions: Sessions, analyst: TestClient, signed_in: Callable[..., TestClient]
) -> None:
    with writing(sessions) as session:
        one = add_assessment(session).id
    analyst.post(f"/v1/assessments/{one}/reviews", json={"verdict": "confirmed"})
    second = signed_in("review", name="second")
    before = second.get(f"/v1/assessments/{one}").json()
    assert (before["reviews"], before["reviews_hidden"]) == ([], 1)
    second.post(f"/v1/assessments/{one}/reviews", json={"verdict": "rejected"})
    after = second.get(f"/v1/assessments/{one}").json()
    assert [review["verdict"] for review in after["reviews"]] == ["confirmed", "rejected"]
    assert after["status"] == "disputed"


def test_a_decision_on_a_page_grown_old_is_refused(sessions: Sessions, analyst: TestClient, admin: TestClient) -> None:
    with writing(sessions) as session:
        one = add_assessment(session).id
    admin.post(f"/v1/assessments/{one}/reviews", json={"verdict": "confirmed"})
    late = analyst.post(f"/v1/assessments/{one}/reviews", json={"verdict": "rejected", "last_review_id": 0})
    assert (late.status_code, late.json()["error"]) == (409, "conflict")


@pytest.mark.parametrize("sent", [{}, {"verdict": "guilty"}, {"verdict": "confirmed", "signals": ["evil"]}, {"x": 1}])
def test_a_wrong_decision_names_its_field(sessions: Sessions, analyst: TestClient, sent: dict[str, object]) -> None:
    with writing(sessions) as session:
        one = add_assessment(session).id
    answer = analyst.post(f"/v1/assessments/{one}/reviews", json=sent)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] in {"verdict", "signals[0]", "x"}


def test_there_is_nothing_at_an_unknown_id(analyst: TestClient) -> None:
    assert analyst.get("/v1/assessments/7").status_code == 404
    assert analyst.post("/v1/assessments/7/reviews", json={"verdict": "unsure"}).status_code == 404
