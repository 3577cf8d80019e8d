"""How much each reading and the gate count is found from development rows."""

import numpy as np

from classify import calibration
from classify.readings import SHARED
from classify.train import fuse
from classify.train.lineup import Dataset, Lineup
from classify.train.rows import UNKNOWN, Row
from models.codebook import SIGNALS

HATE = SIGNALS.index("hate_speech")
EN = frozenset({"en"})
LINEUP = Lineup(
    "x",
    {
        "narrow": Dataset(EN, 1.0, "MIT", reading="hate_speech"),
        "odd": Dataset(EN, 1.0, "MIT", reading="hate_speech"),
        "plain": Dataset(EN, 1.0, "MIT"),
    },
)


def raw(rows: int = 600) -> fuse.Raw:
    """Three sets; the shared head knows `plain`, and calls everything of `odd` the wrong way round."""
    draw = np.random.default_rng(2)
    labels = draw.random(rows) < 0.4
    sign = np.where(labels, 1.0, -1.0)
    names = np.array(["narrow", "odd", "plain"])[np.arange(rows) % 3]
    logits = draw.normal(0, 1, (rows, SHARED + 5))
    ngrams = draw.normal(0, 1, (rows, 5))
    logits[:, HATE] += np.where(names == "odd", -3.0, 3.0) * sign
    logits[:, SHARED + 1] += 3.0 * sign  # the transformer's reading of `odd` is right
    ngrams[:, 0] += 4.0 * sign  # of `narrow` only the n-grams know anything
    for column, name in enumerate(("narrow", "odd", "plain")):
        ngrams[names == name, 2 + column] += 4.0
    made = []
    for name, label in zip(names.tolist(), labels.tolist(), strict=True):
        reading = name if name != "plain" else ""
        signals = tuple(float(label) if i == HATE and not reading else UNKNOWN for i in range(8))
        answer = float(label) if reading else UNKNOWN
        about = HATE if reading else -1
        made.append(Row("x", signals, (UNKNOWN,) * 4, 0, (UNKNOWN,) * 8, 1.0, name, "", reading, answer, about))
    return fuse.Raw(made, logits, ngrams)


def test_the_reader_that_knows_a_set_counts_there() -> None:
    narrow, odd = fuse.fit(raw(), LINEUP)["each"]
    assert narrow["shallow"] > 3 * narrow["deep"]
    assert odd["deep"] > odd["shallow"]


def test_a_set_with_other_rules_is_read_by_them() -> None:
    found = raw()
    block = fuse.fit(found.half(fit=True), LINEUP)
    report = found.half(fit=False)
    chance = calibration.sigmoid(fuse.fuse(report, block)[:, HATE])
    for name in ("narrow", "odd", "plain"):
        mine = np.array([row.dataset == name for row in report.rows])
        told = [row.answer if row.reading else row.signals[HATE] for row in report.rows]
        labels = np.array(told)[mine].astype(np.int64)
        assert calibration.macro_f1(chance[mine] >= 0.5, labels) > 0.85


def test_a_set_with_few_rows_keeps_the_plain_mean() -> None:
    assert fuse.fit(raw(60), LINEUP)["each"][0]["deep"] == 0.5
