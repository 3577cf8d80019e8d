"""Whether live text still looks like what the model was released for."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify import drift
from models.codebook import SIGNALS
from models.database import Sessions, reading, writing
from tests import factories

CALM, HEATED = dict.fromkeys(SIGNALS, 0.01), dict.fromkeys(SIGNALS, 0.6)


def rows(count: int, signals: dict[str, float], language: str = "en", *, abstained: bool = False) -> drift.Outline:
    return drift.outline([(language, abstained, signals)] * count)


def test_the_same_distribution_has_not_moved() -> None:
    found = drift.compare(rows(400, CALM), rows(900, CALM))
    assert found.compared == ("the 28 days before",)
    assert found.moved == []


def test_scores_that_rise_are_told_with_their_signal() -> None:
    found = drift.compare(rows(400, CALM | {"incitement": 0.6}), rows(400, CALM))
    assert [change.what for change in found.moved] == ["incitement"]
    assert "scores of incitement have moved against the 28 days before" in found.moved[0].sentence


def test_another_language_is_told_though_nothing_in_it_is_judged() -> None:
    found = drift.compare(rows(400, CALM, "sw", abstained=True), rows(400, CALM))
    assert [change.what for change in found.moved] == ["languages"]


def test_too_few_texts_are_not_compared() -> None:
    found = drift.compare(rows(drift.LEAST - 1, HEATED), rows(400, CALM))
    assert (found.compared, found.moved) == ((), [])


def test_scores_at_release_come_with_the_card() -> None:
    results = [{"language": "en", "abstained": False, "signals": CALM}] * drift.LEAST
    release = json.loads(json.dumps(drift.reference(results)))
    found = drift.compare(rows(400, HEATED), rows(0, CALM), release)
    assert found.compared == ("the texts at release",)
    assert {change.what for change in found.moved} == set(SIGNALS)
    assert drift.compare(rows(400, CALM), rows(0, CALM), release).moved == []


@pytest.mark.parametrize("release", [None, {}, {"rows": 9_000, "edges": [0.5], "scores": {}}])
def test_a_card_without_usable_figures_is_no_reference(release: dict[str, object] | None) -> None:
    assert drift.compare(rows(400, HEATED), rows(0, CALM), release).compared == ()


@given(st.lists(st.integers(0, 500), min_size=2, max_size=11))
def test_the_index_is_never_negative_and_alike_both_ways(counts: list[int]) -> None:
    turned = counts[::-1]
    assert drift.stability(counts, turned) >= 0
    assert drift.stability(counts, turned) == pytest.approx(drift.stability(turned, counts))
    assert drift.stability(counts, counts) == 0


def test_the_last_week_is_compared_with_the_weeks_before_it(
    sessions: Sessions, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "LEAST", 6)
    with writing(sessions) as session:
        for days, model, signals in (
            *[(days, "fake@1", CALM) for days in (8, 10, 12, 20, 30, 34)],
            *[(days, "fake@1", HEATED) for days in (0.5, 1, 2, 3, 5, 6)],
            (4, "older@1", CALM),
            (60, "fake@1", HEATED),
        ):
            at = now - dt.timedelta(days=days)
            document = factories.add_document(session, event_at=at)
            factories.add_assessment(session, document, event_at=at, model=model, signals=signals)
        factories.add_assessment(session, factories.add_document(session, event_at=now + dt.timedelta(days=1)))
    with reading(sessions) as session:
        found = drift.look(session, now)
    assert found.rows == 6
    assert {change.what for change in found.moved} == set(SIGNALS)


def test_an_empty_installation_has_no_drift(sessions: Sessions, now: dt.datetime) -> None:
    with reading(sessions) as session:
        assert drift.look(session, now) == drift.Drift(0)
