"""A model's difference from an earlier one gives it back."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from classify.errors import BadTrainingData
from classify.model import Network, Shape, quantised
from classify.train import difference
from classify.train.earlier import record_of, weights_of
from tests.classify.conftest import SHAPE


def run(folder: Path, seed: int, like: Path | None = None, **shape: int) -> Path:
    """A run with random weights, or with those of another moved a little."""
    torch.manual_seed(seed)
    told = SHAPE | shape
    weights = weights_of(like) if like else Network(Shape(**told)).state_dict()
    moved = {name: tensor + 0.003 * torch.randn_like(tensor) for name, tensor in weights.items()}
    folder.mkdir()
    save_file(moved, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    shaped = Shape(**told)._asdict()
    (folder / "training.json").write_text(json.dumps({"base": {}, "loss": seed, "shape": shaped}), encoding="utf-8")
    return folder


def test_a_difference_gives_the_run_back_and_is_small(tmp_path: Path) -> None:
    old = run(tmp_path / "old", 1)
    new = run(tmp_path / "new", 2, like=old)
    file = difference.written(old, new, tmp_path / "difference.xz")
    out = difference.applied(old, file, tmp_path / "out")
    assert record_of(out)["loss"] == 2
    assert (out / "tokenizer.json").exists()
    wanted, found = quantised(weights_of(new)), quantised(weights_of(out))
    assert wanted.keys() == found.keys()
    for name, tensor in wanted.items():
        assert torch.allclose(tensor.float(), found[name].float(), rtol=1e-6), name
    assert file.stat().st_size < sum(tensor.numel() * tensor.element_size() for tensor in wanted.values())


def test_models_of_two_shapes_have_no_difference(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="different shapes"):
        difference.written(run(tmp_path / "a", 1), run(tmp_path / "b", 1, layers=1), tmp_path / "file")
