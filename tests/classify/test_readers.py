"""Two models as one: each language goes to the model that was measured in it."""

import json
from pathlib import Path

import numpy as np
import pytest

from classify.checkpoint import SECOND
from classify.engines import load
from classify.engines.readers import Readers
from classify.errors import ModelBroken
from classify.settings import ClassifySettings
from models.assessment import SIGNALS
from tests.classify.conftest import write_tiny


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    lead = write_tiny(tmp_path / "model")
    second = write_tiny(lead / SECOND, seed=6)
    told = json.loads((second / "config.json").read_text())
    told["languages"] = {
        "sw": {"validated": True, "status": "experimental", "signals": ["hate_speech"], "flag": {"hate_speech": 0.3}},
        "en": {"validated": True, "status": "supported"},
    }
    told["calibration"] = {"languages": {"sw": {"signals": {"hate_speech": [2.0, 0.5]}}}}
    (second / "config.json").write_text(json.dumps(told))
    return lead


def scorer(folder: Path) -> Readers:
    loaded = load(ClassifySettings(model=str(folder)))
    assert isinstance(loaded, Readers)
    return loaded


def test_each_passage_is_read_by_its_languages_model(pair: Path) -> None:
    both = scorer(pair)
    texts = ["burn the rats", "they must leave", "market now", "police said"]
    mixed = both.score(texts, ["en", "sw", "en", "sw"]).signals
    english, swahili = both.score(texts, ["en"] * 4).signals, both.score(texts, ["sw"] * 4).signals
    assert np.abs(mixed - np.where(np.array([[0], [1], [0], [1]]) == 1, swahili, english)).max() < 1e-6
    assert np.abs(english - swahili).max() > 1e-3


def test_the_second_is_loaded_when_it_is_needed(pair: Path) -> None:
    both = scorer(pair)
    both.score(["rain"], ["en"])
    assert "loaded when it is needed" in both.engine
    both.score(["mvua"], ["sw"])
    assert "second model, loaded" in both.engine


def test_a_languages_figures_are_those_of_the_model_that_reads_it(pair: Path) -> None:
    config = scorer(pair).config
    assert config.flag("sw")["hate_speech"] == 0.3
    assert config.flag("sw")["impunity"] > 1.0  # never measured, never reached
    assert config.flag("en")["hate_speech"] == 0.5
    assert config.too_close("sw")["hate_speech"] == pytest.approx((0.25, 0.35))
    assert config.calibration["languages"]["sw"]["signals"]["hate_speech"] == [2.0, 0.5]


def test_another_second_model_is_another_model(pair: Path) -> None:
    before = scorer(pair).config.model
    told = json.loads((pair / SECOND / "config.json").read_text())
    told["languages"]["sw"]["flag"]["hate_speech"] = 0.4
    (pair / SECOND / "config.json").write_text(json.dumps(told))
    assert scorer(pair).config.model != before


def test_a_broken_second_model_is_named_when_it_is_needed_and_english_goes_on(pair: Path) -> None:
    weights = pair / SECOND / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    both = scorer(pair)
    assert np.isfinite(both.score(["rain"], ["en"]).signals).all()
    with pytest.raises(ModelBroken, match="sha256"):
        both.score(["mvua"], ["sw"])


def test_every_signal_has_a_limit_in_every_language(pair: Path) -> None:
    config = scorer(pair).config
    assert all(set(config.flag(code)) == set(SIGNALS) for code in ("en", "sw", "zz"))
