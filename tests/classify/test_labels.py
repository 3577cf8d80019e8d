"""The codebook as it is served."""

import json

from classify.labels import PATHWAY_SIGNALS, codebook
from models.codebook import PATHWAYS, SIGNALS, STANCES, TARGETS
from models.review import HALLMARKS, WORKSHEET_PARTS


def test_every_key_of_the_codebook_is_explained_in_its_order() -> None:
    told = codebook()
    assert list(told["signals"]) == list(SIGNALS)
    assert list(told["pathways"]) == list(PATHWAYS)
    assert list(told["stances"]) == list(STANCES)
    assert list(told["targets"]) == list(TARGETS)
    assert list(told["hallmarks"]) == list(HALLMARKS)
    assert list(told["worksheet"]) == list(WORKSHEET_PARTS)


def test_every_signal_feeds_a_pathway() -> None:
    assert {signal for signals in PATHWAY_SIGNALS.values() for signal in signals} == set(SIGNALS)


def test_the_machine_never_judges_intent_or_likelihood() -> None:
    assert [key for key, part in codebook()["worksheet"].items() if part["machine"]] == ["content_form", "extent"]


def test_an_unread_indicator_is_not_called_verified() -> None:
    assert [i["number"] for i in codebook()["indicators"] if not i["verified"]] == ["7.14"]


def test_the_codebook_is_plain_data() -> None:
    assert json.loads(json.dumps(codebook())) == codebook()
