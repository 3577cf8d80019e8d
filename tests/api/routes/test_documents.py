"""A document shows its versions, its near-copies, its assessments and what proves that it was seen."""

import datetime as dt

from fastapi.testclient import TestClient

from ingest.evidence import Leaf, append
from models.database import Sessions, writing
from tests.factories import add_assessment, add_document, add_item, add_source, minutes


def test_a_document_with_everything_around_it(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session, name="Radio Keshu")
        old = add_document(session, add_item(session, source, external_id="a", version=1), current=False)
        item = add_item(session, source, external_id="a", version=2, author="0f3c", title="Second")
        new = add_document(session, item, cluster_id=old.cluster_id, event_at=now + minutes(1))
        add_assessment(session, new)
        leaf = Leaf(item.id, source.id, "a", 2, item.content_sha256, None, item.fetched_at)
        append(session, [leaf], now)
        ids = (old.id, new.id)
    shown = analyst.get(f"/v1/documents/{ids[1]}").json()
    assert [(one["version"], one["document_id"], one["current"]) for one in shown["versions"]] == [
        (1, ids[0], False),
        (2, ids[1], True),
    ]
    assert [one["document_id"] for one in shown["cluster"]["documents"]] == list(ids)
    assert (shown["author"], shown["source"]["name"], len(shown["assessments"])) == ("0f3c", "Radio Keshu", 1)
    assert (shown["evidence"]["position"], shown["evidence"]["leaf_hash"]) == (1, leaf.hash())


def test_an_unscored_document_says_why(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        one = add_document(session, unscored_reason="the model is broken").id
    shown = analyst.get(f"/v1/documents/{one}").json()
    assert (shown["assessments"], shown["unscored_reason"]) == ([], "the model is broken")
    assert shown["evidence"]["position"] is None


def test_there_is_no_document_of_an_unknown_id(analyst: TestClient) -> None:
    assert analyst.get("/v1/documents/5").json()["error"] == "not_found"


def test_the_checkpoint_is_the_end_of_the_chain(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    before = analyst.get("/v1/evidence/checkpoint").json()
    assert (before["length"], before["chain_hash"]) == (0, "0" * 64)
    with writing(sessions) as session:
        document = add_document(session)
        append(session, [Leaf(document.item_id, document.source_id, "a", 1, "0" * 64, None, now)], now)
    after = analyst.get("/v1/evidence/checkpoint").json()
    assert (after["length"], len(after["chain_hash"])) == (1, 64)
    assert after["chain_hash"] != "0" * 64
