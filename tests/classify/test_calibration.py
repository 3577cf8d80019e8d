"""Probabilities that mean what they say."""

import numpy as np
import pytest

from classify import calibration as c


def drawn(scale: float, shift: float) -> tuple[c.Floats, c.Labels]:
    draw = np.random.default_rng(3)
    logits = draw.normal(0.0, 2.0, 40_000)
    return logits, (draw.random(40_000) < c.sigmoid(scale * logits + shift)).astype(np.int64)


def test_platt_finds_the_scale_that_made_the_data() -> None:
    scale, shift = c.platt(*drawn(0.5, -1.0))
    assert scale == pytest.approx(0.5, abs=0.03)
    assert shift == pytest.approx(-1.0, abs=0.05)


def test_calibrated_probabilities_have_little_error() -> None:
    logits, labels = drawn(0.4, -2.0)
    before = c.expected_error(c.sigmoid(logits), labels)
    scale, shift = c.platt(logits, labels)
    assert c.expected_error(c.sigmoid(scale * logits + shift), labels) < 0.01 < before


def test_perfectly_parted_labels_do_not_run_away() -> None:
    scale, shift = c.platt(np.array([-1.0, -2.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    assert 0 < scale < 100
    assert abs(shift) < 100


def test_more_logit_is_always_more_probability() -> None:
    scale, _ = c.platt(np.array([1.0, 2.0, -1.0, -2.0] * 50), np.array([0, 0, 1, 1] * 50))
    assert scale > 0


def test_a_language_has_its_own_fit_where_there_is_one() -> None:
    fits = {"signals": {"a": (1.0, 0.0)}, "languages": {"sw": {"signals": {"a": (1.0, -2.0)}}}}
    logits = np.array([[2.0]])
    assert c.apply(logits, fits, "signals", ("a",), "en")[0, 0] == pytest.approx(0.8808, abs=1e-3)
    assert c.apply(logits, fits, "signals", ("a",), "sw")[0, 0] == pytest.approx(0.5)


def test_the_area_with_straight_lines_is_scikit_learns_auc_of_its_curve() -> None:
    # scikit-learn 1.9: precision_recall_curve, then auc, on these five; the last two tie.
    area = c.precision_recall_area(np.array([0.9, 0.8, 0.7, 0.2, 0.2]), np.array([1, 0, 1, 0, 1]))
    assert area == pytest.approx(0.7388888888888889)
    assert c.precision_recall_area(np.array([0.5]), np.array([0])) == 0.0


def test_average_precision_of_a_known_ranking() -> None:
    assert c.average_precision(np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 0])) == pytest.approx(0.5 + 1 / 3)
    assert c.average_precision(np.array([0.5, 0.5]), np.array([1, 0])) == pytest.approx(0.5)


def test_operating_points_keep_their_promise() -> None:
    logits, labels = drawn(1.0, -1.0)
    found = c.points(c.sigmoid(logits - 1.0), labels)
    assert c.at_recall(found, 0.9).recall >= 0.9
    assert c.at_precision(found, 0.9).precision >= 0.9
    assert c.best_f1(found).macro_f1 == max(point.macro_f1 for point in found)


def test_softmax_rows_add_up_even_for_huge_logits() -> None:
    assert c.softmax(np.array([[1e4, 0.0, -1e4]])).sum() == pytest.approx(1.0)


def test_auroc_counts_ties_half_and_needs_both_kinds() -> None:
    labels = np.array([0, 0, 1, 1])
    assert c.auroc(np.array([0.1, 0.2, 0.3, 0.4]), labels) == 1.0
    assert c.auroc(np.array([0.1, 0.3, 0.2, 0.4]), labels) == 0.75
    assert c.auroc(np.array([0.5, 0.5, 0.5, 0.5]), labels) == 0.5
    assert c.auroc(np.array([0.5, 0.6]), np.array([1, 1])) is None


def test_recall_at_alerts_spends_a_budget_of_rows() -> None:
    scores, labels = np.arange(200) / 200, np.zeros(200, dtype=int)
    labels[[199, 10]] = 1
    assert c.recall_at_alerts(scores, labels) == 0.5
    assert c.recall_at_alerts(np.full(200, 0.5), labels) == pytest.approx(0.01)


def test_a_reliability_table_says_what_was_said_and_what_was_so() -> None:
    table = c.reliability(np.array([0.05, 0.05, 0.95]), np.array([0, 1, 1]), bins=10)
    assert [(one.rows, round(one.said, 2), one.was) for one in table] == [(2, 0.05, 0.5), (1, 0.95, 1.0)]
    assert c.expected_error(np.array([0.05, 0.05, 0.95]), np.array([0, 1, 1]), bins=10) == pytest.approx(
        (2 * 0.45 + 0.05) / 3
    )
