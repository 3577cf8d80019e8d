"""Calibration and thresholds from development rows."""

from dataclasses import replace

import numpy as np
import pytest

from classify.calibration import apply
from classify.scorer import Scores
from classify.train.lineup import Dataset, Lineup
from classify.train.rows import UNKNOWN, Row
from classify.train.tune import CALM_FLAGGED, NEWS_FLAGGED, PROPAGANDA, Dev, tune
from models.codebook import SIGNALS

HATE = SIGNALS.index("hate_speech")
DRAW = np.random.default_rng(5)
LINEUP = Lineup("x", {"set": Dataset(frozenset({"en"}), 1.0, "MIT")}, floors={"set": 0.7})


def dev(rows: int, sharpness: float, stance: int = 0) -> Dev:
    """Rows whose logits know the label as well as `sharpness` says."""
    labels = (DRAW.random((rows, 8)) < 0.3).astype(float)
    logits = sharpness * (2 * labels - 1) + DRAW.normal(0, 1, (rows, 8))
    told = [
        Row("x", tuple(row), (float(row.any()),) * 4, stance, (UNKNOWN,) * 8, 1.0, "set")
        for row in labels
    ]  # fmt: skip
    stage = np.repeat(logits[:, [HATE]], 4, axis=1)
    voices = np.tile([3.0, 0.0, 0.0, 0.0], (rows, 1))
    return Dev(told, Scores(logits, stage, voices, np.zeros((rows, 8))))


@pytest.fixture(scope="module")
def tuned() -> dict:  # type: ignore[type-arg]
    news = DRAW.normal(-2, 0.5, (2_000, 8))
    return tune({"en": dev(3_000, 2.0), "fr": dev(400, 2.0), "sw": dev(400, 0.05)}, {"en": news}, LINEUP)


def test_every_signal_has_its_three_points_in_order(tuned: dict) -> None:  # type: ignore[type-arg]
    for key in SIGNALS:
        points = [tuned["thresholds"][name][key] for name in ("high_recall", "flag", "high_precision")]
        assert points == sorted(points)
        low, high = tuned["band"][key]
        assert low < tuned["thresholds"]["flag"][key] < high


def test_figures_come_from_rows_that_fitting_did_not_see(tuned: dict) -> None:  # type: ignore[type-arg]
    figures = tuned["card"]["signals_on_dev"]["incitement"]
    assert figures["rows"] == 1_900
    assert figures["average_precision"] > 0.9
    assert figures["ece"] < 0.05


def test_a_language_is_supported_experimental_or_not_evaluated_by_its_floor(tuned: dict) -> None:  # type: ignore[type-arg]
    told = {k: (v["status"], v["validated"]) for k, v in tuned["languages"].items()}
    assert told["en"] == told["fr"] == ("supported", True)
    assert told["sw"] == ("not evaluated", False)
    assert tuned["languages"]["sw"]["margin"] < 0


def test_only_a_signal_that_was_told_well_may_be_flagged_in_a_language(tuned: dict) -> None:  # type: ignore[type-arg]
    assert tuned["languages"]["fr"]["signals"] == list(SIGNALS)
    assert set(tuned["languages"]["sw"]["signals"]) < set(
        SIGNALS
    )  # chance alone nearly does: three in ten are positive


def test_a_language_read_for_one_signal_alone_stays_experimental() -> None:
    told = dev(400, 2.0)
    column = SIGNALS.index("incitement")
    deaf = [
        replace(row, signals=tuple(UNKNOWN if i == column else v for i, v in enumerate(row.signals)))
        for row in told.rows
    ]
    quiet = DRAW.normal(-2, 0.5, (200, 8))
    found = tune({"en": dev(400, 2.0), "fr": Dev(deaf, told.scores)}, {"en": quiet}, LINEUP)["languages"]["fr"]
    assert found["margin"] > 0.05
    assert (found["status"], found["validated"]) == ("experimental", True)


def test_each_language_has_its_own_fit(tuned: dict) -> None:  # type: ignore[type-arg]
    assert set(tuned["calibration"]["languages"]) == {"en", "fr", "sw"}
    assert tuned["languages"]["fr"]["flag"] != tuned["languages"]["en"]["flag"]


def test_news_keeps_every_threshold_up() -> None:
    loud = np.full((1_000, 8), 1.0)
    result = tune({"en": dev(3_000, 2.0)}, {"en": loud}, LINEUP)
    probability = apply(loud, result["calibration"], "signals", SIGNALS, "en")
    limits = np.array([result["thresholds"]["flag"][key] for key in SIGNALS])
    assert (probability > limits + 1e-3).mean() <= NEWS_FLAGGED


def test_no_signal_fires_on_posts_that_are_not_hateful() -> None:
    """Propaganda is unknown on posts, and the head says it of all of them."""
    heated = dev(3_000, 2.0)
    told = [
        replace(row, dataset="authored") if i % 4 < 2 else replace(row, signals=_unknown(row.signals, PROPAGANDA))
        for i, row in enumerate(heated.rows)
    ]
    quiet = np.full((100, 8), -5.0)
    calm = Dev(told, heated.scores).calm()
    heated.scores.signals[calm, PROPAGANDA] = DRAW.normal(1.0, 0.5, int(calm.sum()))
    result = tune({"en": Dev(told, heated.scores)}, {"en": quiet}, LINEUP)
    logits = heated.scores.signals[calm][:, [PROPAGANDA]]
    probability = apply(logits, result["calibration"], "signals", ("propaganda",), "en")
    assert (probability >= result["thresholds"]["flag"]["propaganda"]).mean() < 3 * CALM_FLAGGED


def _unknown(signals: tuple[float, ...], number: int) -> tuple[float, ...]:
    return tuple(UNKNOWN if i == number else value for i, value in enumerate(signals))
