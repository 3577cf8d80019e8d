"""Flag, stage, severity and abstention."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify import decide
from classify.language import Told
from classify.scorer import Scores
from models.codebook import SIGNALS, STANCES
from tests.fakes import config


def readings(*passages: dict[str, Any]) -> list[decide.Reading]:
    """Each passage: signal logits by name, `stage` reached, `stance`."""
    signals = [[passage.get(key, -6.0) for key in SIGNALS] for passage in passages]
    stage = [[4.0 if step <= passage.get("stage", 0) else -4.0 for step in (1, 2, 3, 4)] for passage in passages]
    stance = [[5.0 * (key == passage.get("stance", "asserts")) for key in STANCES] for passage in passages]
    targets = [[-4.0] * 8 for _ in passages]
    return decide.read(Scores(*(np.array(a, dtype=float) for a in (signals, stage, stance, targets))), config(), "en")


def decided(*passages: dict[str, Any], language: str = "en", confidence: float = 0.99) -> dict[str, Any]:
    return decide.document(readings(*passages), Told(language, confidence), config())


CALL = {"incitement": 3.0, "stage": 3}
CALM: dict[str, Any] = {}


def test_an_asserted_signal_is_flagged() -> None:
    result = decided(CALL)
    assert result["flag"]
    assert result["applies"] == ["incitement"]
    assert result["stage"] == 3


@pytest.mark.parametrize("stance", ["reports", "condemns", "reclaims"])
def test_another_stance_keeps_the_signal_and_drops_the_flag(stance: str) -> None:
    result = decided({**CALL, "stance": stance})
    assert not result["flag"]
    assert result["applies"] == ["incitement"]
    assert result["stance"] == stance
    assert result["severity"] <= 40


def test_one_inciting_passage_among_many_decides() -> None:
    result = decided({"stance": "reports"}, CALL, {"stance": "reports"})
    assert result["flag"]
    assert result["stance"] == "asserts"


def test_an_asserted_passage_outweighs_a_worse_quoted_one() -> None:
    result = decided({"incitement": 5.0, "stage": 4, "stance": "reports"}, {"hate_speech": 2.0, "stage": 1})
    assert result["flag"]
    assert result["stage"] == 1
    assert result["applies"] == ["hate_speech"]


def test_pathways_take_their_strongest_signal() -> None:
    result = decided(CALL)
    assert result["pathways"]["ideology"] == result["pathways"]["escalation"] == result["signals"]["incitement"]
    assert result["pathways"]["impunity"] < 0.01


@pytest.mark.parametrize("language", ["fr", "xx", "und"])
def test_a_language_nobody_measured_abstains_and_is_never_flagged(language: str) -> None:
    result = decided(CALL, language=language)
    assert result["abstained"]
    assert not result["flag"]
    assert result["signals"]["incitement"] > 0.9


def test_an_uncertain_language_abstains() -> None:
    assert "uncertain" in decided(CALL, confidence=0.3)["abstain_reason"]


def test_a_score_beside_its_threshold_abstains() -> None:
    assert "hate_speech" in decided({"hate_speech": 0.1})["abstain_reason"]


def test_a_clear_signal_does_not_abstain_for_an_unclear_one() -> None:
    assert not decided({**CALL, "hate_speech": 0.1})["abstained"]


def test_a_signal_means_at_least_its_stage() -> None:
    assert decided({"incitement": 3.0})["stage"] == 3
    assert decided({"discrimination": 3.0})["stage"] == 2
    assert decided({"hate_speech": 3.0})["stage"] == 1
    assert decided({"stage": 4})["stage"] == 0


def test_violence_said_with_confidence_is_severe() -> None:
    assert decided(CALL)["severity"] >= 70
    assert decided({"hate_speech": 4.0, "stage": 1})["severity"] < 70
    assert decided(CALM)["severity"] <= 10


@given(st.floats(-8, 8), st.floats(0, 4), st.integers(0, 4))
def test_severity_grows_with_probability(logit: float, more: float, stage: int) -> None:
    lower = decided({"incitement": logit, "stage": stage})
    higher = decided({"incitement": logit + more, "stage": stage})
    assert lower["severity"] <= higher["severity"]


@given(st.floats(0.1, 8), st.integers(0, 3))
def test_severity_grows_with_stage(logit: float, stage: int) -> None:
    lower = decided({"hate_speech": logit, "stage": stage})
    higher = decided({"hate_speech": logit, "stage": stage + 1})
    assert lower["severity"] <= higher["severity"]


def test_marks_are_the_labels_that_apply() -> None:
    result = decided(CALL) | {"target_names": ["Varni"]}
    kinds = {(kind, key) for kind, key, _ in decide.marks(result)}
    assert kinds == {
        ("signal", "incitement"), ("pathway", "ideology"), ("pathway", "escalation"), ("target_name", "Varni"),
    }  # fmt: skip
    assert list(decide.marks(decided(CALM) | {"target_names": ["Varni"]})) == []


def test_in_a_language_measured_for_hate_alone_nothing_else_is_flagged() -> None:
    own = config(languages={"fr": {"validated": True, "signals": ["hate_speech"]}})
    row = [[3.0 if key == "incitement" else -6.0 for key in SIGNALS]]
    scores = Scores(*(np.array(a) for a in (row, [[-4.0] * 4], [[5.0, 0, 0, 0]], [[-4.0] * 8])))
    in_french, in_english = (decide.read(scores, own, language)[0] for language in ("fr", "en"))
    assert in_english.flag
    assert not in_french.applies


def test_the_share_of_asserts_that_serves_a_flag_is_the_models() -> None:
    doubtful = Scores(np.full((1, 8), 3.0), np.zeros((1, 4)), np.array([[0.0, 0.5, -9.0, -9.0]]), np.zeros((1, 8)))
    strict = config(calibration={"stance": {"asserts_at": 0.6}})
    lenient = config(calibration={"stance": {"asserts_at": 0.3}})
    assert decide.read(doubtful, strict, "en")[0].stance == "reports"
    assert decide.read(doubtful, lenient, "en")[0].stance == "asserts"


def in_two(*parts: str, **languages: bool) -> dict[str, Any]:
    known = config(languages={code.replace("_", "-"): {"validated": good} for code, good in languages.items()})
    return decide.document(readings(CALL), Told("mixed", 0.9, parts), known)


def test_of_a_mixed_text_the_validated_half_may_flag_and_people_look_all_the_same() -> None:
    result = in_two("sw", "en", en=True, sw=False)
    assert (result["language"], result["flag"], result["abstained"]) == ("mixed", True, True)
    assert result["abstain_reason"] == "the text mixes 'sw' and 'en'; the model can judge 'en' alone"


def test_a_mixed_text_with_no_validated_half_is_never_flagged() -> None:
    result = in_two("sw", "fr", en=True, sw=False)
    assert (result["flag"], result["abstained"]) == (False, True)


def test_a_mixture_that_was_measured_is_judged_like_any_language() -> None:
    result = in_two("sw", "en", en=True, en_sw=True)
    assert (result["flag"], result["abstained"]) == (True, False)
