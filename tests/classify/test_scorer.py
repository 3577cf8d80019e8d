"""What a model's configuration says of a language."""

import pytest

from models.codebook import SIGNALS
from tests.fakes import config


def test_a_language_has_its_own_thresholds_and_only_for_what_was_measured_in_it() -> None:
    told = config("fake", languages={"en": {}, "sw": {"signals": ["hate_speech"], "flag": {"hate_speech": 0.3}}})
    assert told.flag("sw")["hate_speech"] == 0.3
    assert told.flag("sw")["impunity"] > 1.0  # never measured, never reached
    assert told.flag("en")["hate_speech"] == told.thresholds["flag"]["hate_speech"]
    assert told.too_close("sw")["hate_speech"] == pytest.approx((0.25, 0.35))
    assert all(set(told.flag(code)) == set(SIGNALS) for code in ("en", "sw", "zz"))
