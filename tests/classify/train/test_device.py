"""A training step names no processor: on torch's `meta` device, which refuses to mix with another, it goes through."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch

from classify.errors import BadTrainingData
from classify.model import Network, Shape
from classify.train import frozen, layer, masked, run
from classify.train.batches import Batch, collate
from classify.train.loss import loss_of
from classify.train.rows import Row
from tests.classify.conftest import SHAPE

META = "meta"


class Exact(layer.Layer):
    """Without autocast, which `meta` has none of."""

    forward = layer.Layer._forward


@pytest.fixture
def network() -> Network:
    return Network(Shape(**SHAPE)._replace(readings=2), layer=Exact).to(META)


@pytest.fixture
def batch() -> Batch:
    row = Row("burn", (1.0,) * 8, (1.0,) * 4, 0, (1.0,) * 8, 1.0, "set", "1", "b", 1.0, 3)
    return collate([row, row], [[2, 3, 4], [2, 3]], ["a", "b"]).to(META)


def test_every_tensor_moves(batch: Batch) -> None:
    assert {getattr(batch, field.name).device.type for field in fields(batch)} == {META}


def test_a_step_runs_where_network_and_batch_lie(network: Network, batch: Batch) -> None:
    assert network.device == META
    loss = loss_of(network(batch.ids, batch.mask), batch)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.device.type == META
    assert network.layers[0].query.weight.grad.device.type == META  # type: ignore[union-attr]


def test_so_do_masked_words_and_frozen_layers(network: Network, batch: Batch) -> None:
    hidden = torch.zeros(5, network.shape.hidden, device=META)
    assert frozen.forward(network, 1, frozen.Kept(batch, hidden)).signals.device.type == META
    ids, asked = torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 3, dtype=torch.bool)
    gaps = masked.Gaps(ids, torch.ones(2, 3), asked, torch.zeros(0, dtype=torch.long))
    assert gaps.to(META).wanted.device.type == META


def test_a_gpu_is_taken_where_there_is_one_and_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = run.TrainOptions(tmp_path, tmp_path, device="cuda")
    with pytest.raises(BadTrainingData, match="sees none"):
        run._device(options)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert run._device(options) == "cuda"
    assert run._device(run.TrainOptions(tmp_path, tmp_path, workers=2)) == "cpu"
    with pytest.raises(BadTrainingData, match="workers"):
        run._device(run.TrainOptions(tmp_path, tmp_path, device="cuda", workers=2))
