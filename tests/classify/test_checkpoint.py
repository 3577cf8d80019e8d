"""A model's files: whether they are those that were released, and its tensors where they lie."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from classify.checkpoint import Tensors, unchanged
from classify.errors import ModelBroken

STORED = {"a": np.arange(6, dtype=np.int8).reshape(2, 3), "a.scale": np.ones(2, np.float32)}


@pytest.mark.parametrize("mapped", [True, False])
def test_tensors_are_those_of_the_file(tmp_path: Path, mapped: bool) -> None:
    file = tmp_path / "model.safetensors"
    save_file(STORED, file)
    read = Tensors.mapped(file) if mapped else Tensors(file.read_bytes())
    assert set(read) == set(STORED)
    assert len(read) == 2
    assert (read["a"] == STORED["a"]).all()
    assert read["a"].dtype == np.int8
    assert read["a.scale"].dtype == np.float32
    assert "b" not in read
    with pytest.raises(KeyError):
        read["b"]


def test_pages_that_were_given_back_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file(STORED, file)
    before, read = file.read_bytes(), Tensors.mapped(file)
    held = read["a"]
    held[0, 0] = 77
    assert file.read_bytes() == before
    read.forget()
    assert (held == STORED["a"]).all()
    Tensors(before).forget()  # nothing is mapped, nothing happens


def test_a_file_of_something_else_holds_no_tensors(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no tensors here")
    with pytest.raises(SafetensorError):
        Tensors.mapped(tmp_path / "model.safetensors")


def test_a_file_that_was_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match="missing"):
        unchanged(tmp_path / "model.safetensors", "0" * 64)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelBroken, match="was changed"):
        unchanged(tmp_path / "model.safetensors", "0" * 64)
