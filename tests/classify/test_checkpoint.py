"""A model's files: whether they are those that were released, and its tensors one at a time."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from classify.checkpoint import Tensors, unchanged
from classify.errors import ModelBroken


def test_tensors_are_read_when_asked_for(tmp_path: Path) -> None:
    stored = {"a": np.arange(6, dtype=np.int8).reshape(2, 3), "a.scale": np.ones(2, np.float32)}
    save_file(stored, tmp_path / "model.safetensors")
    read = Tensors(tmp_path / "model.safetensors")
    assert set(read) == set(stored)
    assert len(read) == 2
    assert (read["a"] == stored["a"]).all()
    assert read["a"].dtype == np.int8
    assert "b" not in read
    with pytest.raises(KeyError):
        read["b"]


def test_a_file_of_something_else_holds_no_tensors(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no tensors here")
    with pytest.raises(SafetensorError):
        Tensors(tmp_path / "model.safetensors")


def test_a_file_that_was_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match="missing"):
        unchanged(tmp_path / "model.safetensors", "0" * 64)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelBroken, match="was changed"):
        unchanged(tmp_path / "model.safetensors", "0" * 64)
