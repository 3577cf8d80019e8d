"""A finished model's answers stand where nobody gave a label, and nowhere else."""

import math
from pathlib import Path

import pytest
import torch

from classify.model import Network, Shape
from classify.train import answers
from classify.train.rows import Row
from tests.classify.conftest import SHAPE, tiny_tokenizer

NAN = math.nan
TEXT = "the varni are rats"


@pytest.fixture
def asked(tmp_path: Path) -> tuple[answers.Answers, Network]:
    torch.manual_seed(3)
    network = Network(Shape(**SHAPE))
    texts = [TEXT, "it rained", TEXT]
    return answers.Answers(answers.write(texts, [(network, tiny_tokenizer())], tmp_path / "told.safetensors")), network


def _row(text: str) -> Row:
    return Row(text, (1.0, *[NAN] * 7), (NAN, NAN, 0.0, 0.0), 2, (NAN,) * 8, 0.5, "set", "1", "set", 1.0, 0)


def test_what_is_unknown_is_filled_and_what_is_known_stays(asked: tuple[answers.Answers, Network]) -> None:
    told, network = asked
    row = told.fill(_row(TEXT))
    ids = torch.tensor([tiny_tokenizer().encode(TEXT).ids])
    said = network.eval()(ids, torch.ones_like(ids)).signals[0].sigmoid().tolist()
    assert row.signals == pytest.approx((1.0, *said[1:]), abs=0.01)
    assert row.stage[2:] == (0.0, 0.0)
    assert all(0.0 < chance < 1.0 for chance in (*row.stage[:2], *row.targets))
    assert (row.stance, row.weight, row.reading, row.answer) == (2, 0.5, "set", 1.0)


def test_of_several_networks_the_mean_is_told(asked: tuple[answers.Answers, Network], tmp_path: Path) -> None:
    other = Network(Shape(**SHAPE))
    both = [(asked[1], tiny_tokenizer()), (other, tiny_tokenizer())]
    of_both, of_other = (answers.Answers(answers.write([TEXT], of, tmp_path / "more")) for of in (both, both[1:]))
    one, two, mean = (told.fill(_row(TEXT)).targets for told in (asked[0], of_other, of_both))
    assert mean == pytest.approx([(a + b) / 2 for a, b in zip(one, two, strict=True)], abs=0.002)
    assert one != pytest.approx(two, abs=0.01)


def test_a_text_that_nobody_asked_about_stays_as_it_is(asked: tuple[answers.Answers, Network]) -> None:
    row = _row("they must leave now")
    assert asked[0].fill(row) is row
