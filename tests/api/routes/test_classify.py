"""Texts are classified in order and nothing is stored; a broken model is said to be broken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.scoring import LazyScorer
from classify.errors import ModelBroken, ScoringFailed
from classify.settings import ClassifySettings
from models.codebook import PATHWAYS, SIGNALS, TARGETS


def result(text: str) -> dict[str, Any]:
    return {
        "language": "en",
        "language_confidence": 0.9,
        "flag": "burn" in text,
        "abstained": False,
        "abstain_reason": None,
        "severity": len(text),
        "stage": 0,
        "stance": "asserts",
        "signals": dict.fromkeys(SIGNALS, 0.1),
        "pathways": dict.fromkeys(PATHWAYS, 0.1),
        "targets": dict.fromkeys(TARGETS, 0.1),
        "target_names": [],
        "passages": [],
        "model": "fake@1",
        "obfuscated": False,
    }


class FakeScorer(LazyScorer):
    def get(self) -> Any:
        return object()


class BrokenScorer(LazyScorer):
    def get(self) -> Any:
        raise ModelBroken("The weights were changed; restore them.")


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def classify_texts(_: object, texts: Sequence[str], *_more: object, **_named: object) -> list[dict[str, Any]]:
        if "poison" in texts:
            raise ScoringFailed("one text cannot be scored")
        return [result(text) for text in texts]

    monkeypatch.setattr("classify.assess.classify_texts", classify_texts)


@pytest.fixture
def classifier(analyst: TestClient) -> TestClient:
    analyst.app.state.scorer = FakeScorer(ClassifySettings())  # type: ignore[attr-defined]
    return analyst


def test_results_come_in_order_in_the_shape_of_the_contract(classifier: TestClient) -> None:
    answer = classifier.post("/v1/classify", json={"texts": ["a", "burn", ""], "language": None})
    items = answer.json()["items"]
    assert [item["severity"] for item in items] == [1, 4, 0]
    assert [item["flag"] for item in items] == [False, True, False]
    assert items[0].keys() == result("").keys() - {"obfuscated"}


def test_half_characters_keep_their_place(classifier: TestClient) -> None:
    body = rb'{"texts": ["a\ud800b\u0000c"]}'
    answer = classifier.post("/v1/classify", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["items"][0]["severity"]) == (200, 5)


def test_no_texts_need_no_model(analyst: TestClient) -> None:
    assert analyst.post("/v1/classify", json={"texts": []}).json() == {"items": []}


@pytest.mark.parametrize(
    "sent",
    [
        {"texts": ["a"] * 257},
        {"texts": ["a" * 90_000] * 3},
        {"texts": ["a" * 100_001]},
        {"texts": "a"},
        {"texts": [1]},
        {"text": "a"},
    ],
)
def test_too_much_or_something_else_is_refused(classifier: TestClient, sent: dict[str, Any]) -> None:
    answer = classifier.post("/v1/classify", json=sent)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_a_broken_model_says_why(analyst: TestClient) -> None:
    analyst.app.state.scorer = BrokenScorer(ClassifySettings())  # type: ignore[attr-defined]
    answer = analyst.post("/v1/classify", json={"texts": ["a"]})
    assert (answer.status_code, answer.json()["error"]) == (503, "model_unavailable")
    assert "restore" in answer.json()["detail"]


def test_a_text_that_cannot_be_scored_is_no_crash(classifier: TestClient) -> None:
    assert classifier.post("/v1/classify", json={"texts": ["poison"]}).json()["status"] == 503


def test_the_codebook_explains_every_key(analyst: TestClient) -> None:
    book = analyst.get("/v1/codebook").json()
    assert (set(book["signals"]), set(book["pathways"]), set(book["targets"])) == (
        set(SIGNALS),
        set(PATHWAYS),
        set(TARGETS),
    )


def test_the_codebook_says_when_there_is_no_model(tmp_path: Path, analyst: TestClient) -> None:
    analyst.app.state.scorer = LazyScorer(ClassifySettings(model=str(tmp_path)))  # type: ignore[attr-defined]
    book = analyst.get("/v1/codebook").json()
    assert book["model"] is None
    assert str(tmp_path) in book["model_error"]
