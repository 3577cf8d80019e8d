"""A model's weights as their difference from an earlier one's: a tenth of the size, where bandwidth or history counts.

A phase of training moves most int8 weights by a step or none. What is kept is how far each lies from the step that the
earlier model's weight would have on the new scale; that is small numbers, which compress well, and nothing is lost.

Run as `python -m classify.train.difference OLD NEW FILE` to write FILE, or `... apply OLD FILE OUT` to make of OLD and
FILE a run that `tocsin train --base OUT` goes on from and `classify.train.bundle` packs.
"""

import json
import lzma
import sys
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from classify.errors import BadTrainingData
from classify.model import dequantised, quantised
from classify.train.earlier import record_of, save_run, weights_of

RECORD_KEY = "record"  # in the file's metadata: what the new run says of itself


def written(old: Path, new: Path, file: Path) -> Path:
    """Write how the new run or model differs from the old one. Raises BadTrainingData for another shape."""
    before, now = weights_of(old), quantised(weights_of(new))
    told = record_of(new)
    if record_of(old)["shape"] != told["shape"]:
        raise BadTrainingData(f"{old} and {new} have different shapes; only models of one shape have a difference.")
    kept = {name: _moved(tensor, name, now, before, -1) for name, tensor in now.items()}
    file.write_bytes(lzma.compress(save(kept, {RECORD_KEY: json.dumps(told)})))
    return file


def applied(old: Path, file: Path, out: Path) -> Path:
    """Write the run that the file was made of, but for what int8 rounds off."""
    before, content = weights_of(old), lzma.decompress(file.read_bytes())
    kept = load(content)
    now = {name: _moved(tensor, name, kept, before, 1) for name, tensor in kept.items()}
    size = int.from_bytes(content[:8], "little")
    record = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][RECORD_KEY])
    return save_run(dequantised(now), record, old, out)


def _moved(tensor: Tensor, name: str, scales: dict[str, Tensor], before: dict[str, Tensor], way: int) -> Tensor:
    """An int8 matrix less (`way` -1) or plus (1) the old weights on the new scale, modulo 256; others as they are."""
    if tensor.dtype != torch.int8:
        return tensor
    steps = (before[name] / scales[f"{name}.scale"][:, None]).round().clamp(-127, 127).to(torch.int16)
    return (tensor.to(torch.int16) + way * steps).to(torch.int8)


def main() -> None:
    """Read the command line: write a difference, or apply one."""
    if sys.argv[1] == "apply":
        applied(*map(Path, sys.argv[2:5]))
    else:
        written(*map(Path, sys.argv[1:4]))


if __name__ == "__main__":
    main()
