"""Frozen layers stay as they are, and what they made of a batch is used again without a difference."""

from itertools import islice
from pathlib import Path

import pytest
import torch

from classify.model import Network, Shape
from classify.train import batches, frozen, rows
from classify.train.masked import Guess
from classify.train.run import TrainOptions, _learn, _optimizers, loss_of
from tests.classify.conftest import SHAPE

LAYERS = 1


def batch(number: int) -> batches.Batch:
    hostile, calm = (rows.Row("x", (yes,) * 8, (yes,) * 4, 0, (yes,) * 8, 1.0, "set") for yes in (1.0, 0.0))
    return batches.collate([hostile, calm], [[2, 5 + number, 6, 3], [2, 7, 3]])


@pytest.fixture
def network() -> Network:
    torch.manual_seed(1)
    return Network(Shape(**SHAPE | {"layers": 2}), dropout=0.0).train()


def test_kept_activations_give_the_networks_own_logits(network: Network) -> None:
    seen = batch(0)
    found = frozen.forward(network, LAYERS, frozen.keep(network, LAYERS, seen))
    torch.testing.assert_close(found.signals, network(seen.ids, seen.mask).signals, atol=0.02, rtol=0.02)
    assert network.training


def test_batches_come_again_once_they_are_kept(network: Network) -> None:
    seen = list(islice(frozen.again(network, LAYERS, map(batch, range(9)), 3, seed=5), 12))
    assert len({id(kept) for kept in seen}) == 3
    assert {id(kept) for kept in seen[3:6]} == {id(kept) for kept in seen[:3]}


def test_without_a_batch_there_is_nothing_to_come_again(network: Network) -> None:
    assert list(frozen.again(network, LAYERS, iter(()), 3, seed=5)) == []


def test_a_step_changes_what_is_above_and_nothing_below(network: Network, tmp_path: Path) -> None:
    frozen.freeze(network, LAYERS)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    options = TrainOptions(tmp_path, tmp_path, frozen=LAYERS)
    optimizers = _optimizers(network, options, Guess(network.shape.hidden))
    kept = frozen.keep(network, LAYERS, batch(0))
    _learn(network, optimizers, loss_of(frozen.forward(network, LAYERS, kept), kept.batch))
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not [name for name in changed if name.startswith(("embeddings", "layers.0"))]
