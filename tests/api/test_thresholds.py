"""A suggested threshold is the lowest one that met the precision among the reviews, and says what it rests on."""

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.console.thresholds import as_csv
from api.deciding import keep_decision
from api.reviews import Decision
from api.thresholds import Judged, judged_passages, suggestion, suggestions
from classify.rows import labelled
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.document import Cluster
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, add_document, add_item, add_source

# Ten reviews: from .8 up all stand, at .6 half of them, at .3 none.
PAIRS = [(0.9, True), (0.85, True), (0.8, True), (0.6, True), (0.6, False), (0.6, False), (0.6, True), (0.3, False),
         (0.3, False), (0.2, True)]  # fmt: skip


def test_the_lowest_threshold_that_meets_the_precision_is_suggested() -> None:
    found = suggestion("incitement", "sw", PAIRS, 0.7, present=0.5, least=3)
    assert (found.threshold, found.reviews, found.kept) == (0.6, 7, 5)
    assert (found.low, found.high) == pytest.approx((0.359, 0.918), abs=0.001)
    assert (found.found, found.below, found.total) == (5 / 6, 3, 10)
    higher = suggestion("incitement", "sw", PAIRS, 0.9, present=0.5, least=3)
    assert (higher.threshold, higher.precision) == (0.8, 1.0)


def test_equal_probabilities_come_in_together_and_few_reviews_suggest_nothing() -> None:
    # Between the reviews at .6 the precision was met for a moment; a threshold cannot stand there.
    assert suggestion("impunity", "", PAIRS, 0.75, present=0.5, least=4).threshold is None
    none = suggestion("impunity", "", PAIRS, 0.5, present=0.5, least=20)
    assert (none.threshold, none.precision, none.found, none.total) == (None, None, None, 10)


def test_all_languages_come_first_and_a_csv_says_the_same() -> None:
    judged = [Judged("sw", {"incitement": p}, frozenset({"incitement"} if stands else ())) for p, stands in PAIRS]
    judged.append(Judged("fr", {"incitement": 0.9}, frozenset()))
    rows = suggestions(judged, 0.7, lambda _language: {"incitement": 0.5}, least=3)
    assert [(row.language, row.total, row.threshold) for row in rows] == [
        ("", 11, 0.8),
        ("sw", 10, 0.6),
        ("fr", 1, None),
    ]
    read = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert [(row["language"], row["suggested"], row["present"]) for row in read] == [
        ("all", "0.8", "0.5"),
        ("sw", "0.6", "0.5"),
        ("fr", "", "0.5"),
    ]


@pytest.fixture
def reviewed(sessions: Sessions) -> dict[str, int]:
    """Review some passages in every way; return the id of each."""
    found = {}
    with writing(sessions) as session:
        reviewer, other = add_account(session).id, add_account(session).id
        source = add_source(session)
        session.add(Cluster(id=70, first_seen_at=NOW))
        session.flush()
        for name, decision, text in (
            ("as said", Decision("confirmed", stage=2), "They are all rats."),
            ("corrected", Decision("confirmed", signals=["hate_speech"], stance="condemns"), "She calls that vile."),
            ("rejected", Decision("rejected"), "x" * 3000 + "The market opened."),
            ("unsure", Decision("unsure"), "Who knows."),
        ):
            item = add_item(session, source, content=text)
            document = add_document(session, item, **({"cluster_id": 70} if name == "corrected" else {}))
            spans = [{"start": 3000, "end": 3018, "signals": {"incitement": 0.9}}] if name == "rejected" else []
            found[name] = add_assessment(session, document, passages=spans).id
            keep_decision(session, reviewer, found[name], decision, NOW, 0.0)
        found["disputed"] = add_assessment(session).id
        for person, verdict in ((reviewer, "confirmed"), (other, "rejected")):
            keep_decision(session, person, found["disputed"], Decision(verdict), NOW, 0.0)
    return found


def test_only_settled_passages_are_judged(sessions: Sessions, reviewed: dict[str, int]) -> None:
    with reading(sessions) as session:
        judged = judged_passages(session)
    assert sorted(sorted(one.stands) for one in judged) == [[], ["hate_speech"], ["incitement"]]
    assert len(reviewed) == 5


def test_reviewed_texts_are_rows_that_training_reads(
    sessions: Sessions, reviewed: dict[str, int], admin: TestClient, analyst: TestClient, tmp_path: object
) -> None:
    answer = admin.get("/v1/export/training")
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = {row["id"]: row for row in map(json.loads, answer.text.splitlines())}
    assert set(rows) == {f"reviews:{reviewed[name]}" for name in ("as said", "corrected", "rejected")}
    said, corrected, rejected = (rows[f"reviews:{reviewed[n]}"] for n in ("as said", "corrected", "rejected"))
    # What the reviewer did not go through stays unknown.
    assert (said["labels"], said["stage"], said["stance"]) == ({"incitement": 1}, 2, "asserts")
    assert said["target"] == "ethnicity_race"
    assert (corrected["labels"]["hate_speech"], corrected["labels"]["incitement"]) == (1, 0)
    assert (corrected["stance"], corrected["split"], len(corrected["labels"])) == ("condemns", "dev", 8)
    assert (set(rejected["labels"].values()), rejected["text"]) == ({0}, "The market opened.")
    assert rejected["note"] == "marked passages of a longer text"
    path = tmp_path / "rows.jsonl"  # type: ignore[operator]
    path.write_text(answer.text)
    read = {row.text: row.hateful for row in labelled(path)}
    assert read == {"They are all rats.": True, "She calls that vile.": False, "The market opened.": False}
    assert analyst.get("/v1/export/training").status_code == 403
    with reading(sessions) as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "text.exported")).all()
        assert event.details == {"what": "training", "format": "jsonl"}
