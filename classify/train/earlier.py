"""What a training goes on from: an earlier run, or a model that was packed and shipped. Knows nothing about data.

A run keeps full precision; a packed model (the bundled one, say) has int8 rows, which differ from it by less than one
decision in five hundred, so that nobody needs to keep the runs behind a release.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from classify.checkpoint import BUNDLED, FORMAT, checked, config_file
from classify.errors import BadTrainingData, ModelBroken
from classify.model import Layer, Network, Shape, dequantised
from classify.ngrams import FILE as GRAMS

RECORD = "training.json"
WEIGHTS = "model.safetensors"
MAX_TOKENS = 128


def found(name: str) -> Path | None:
    """The folder of an earlier run or packed model, `bundled` among them; else None.

    What is none of these may still be a checkpoint of another family, by folder or hub name.
    """
    folder = BUNDLED if name == "bundled" else Path(name)
    return folder if (folder / RECORD).exists() or _packed(folder) is not None else None


def record_of(folder: Path) -> dict[str, Any]:
    """What the run or model says of itself: `base`, `options`, `loss`, `shape`. Raises BadTrainingData for neither."""
    return history(folder)[-1]


def history(folder: Path) -> list[dict[str, Any]]:
    """Records of all phases behind a packed model, or of the run alone. Raises BadTrainingData for neither."""
    packed = _packed(folder)
    if packed is not None and not (folder / RECORD).exists():
        return list(packed["card"]["training"])
    try:
        return [dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))]
    except (OSError, ValueError) as error:
        raise BadTrainingData(f"{folder} holds no finished run: {RECORD} cannot be read ({error}).") from error


def readings_of(folder: Path) -> list[str]:
    """Names of the readings, in the order of the head's columns."""
    packed = _packed(folder)
    if packed is None:
        return list(record_of(folder).get("readings", ()))
    return [of["name"] for of in packed.get("readings", {}).get("each", ())]


def weights_of(folder: Path) -> dict[str, Tensor]:
    """Full-precision weights by name. Raises ModelBroken where a packed model's are not those that were released."""
    packed = _packed(folder)
    if packed is None:
        return load_file(folder / WEIGHTS)
    return dequantised(load(checked(folder / WEIGHTS, packed["weights"]["sha256"])))


def network_of(folder: Path, layer: type[Layer] = Layer) -> Network:
    """The network of a run or packed model, in full precision."""
    network = Network(Shape(**record_of(folder)["shape"]), layer=layer)
    network.load_state_dict(weights_of(folder))
    return network


def carried(
    before: Mapping[str, Tensor], had: Sequence[str], has: Sequence[str], fresh: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The readings' two heads with what is known of each reading, by name; one that is new begins as in `fresh`.

    The gate's last row, for texts like no set, is kept.
    """
    out = {}
    for head, old, new in (("readings", had, has), ("gate", [*had, ""], [*has, ""])):
        for key in (f"{head}.weight", f"{head}.bias"):
            if key in fresh:
                told = before.get(key, ())
                known = dict(zip(old, told, strict=True)) if len(told) == len(old) else {}
                out[key] = torch.stack([known.get(name, row) for name, row in zip(new, fresh[key], strict=True)])
    return out


def save_run(weights: Mapping[str, Tensor], record: Mapping[str, Any], like: Path, out: Path) -> Path:
    """Write a run that no training wrote: with the tokenizer, and the n-grams if any, of another run or model."""
    out.mkdir(parents=True, exist_ok=True)
    save_file(dict(weights), out / WEIGHTS)
    for name in ("tokenizer.json", *((GRAMS,) if (like / GRAMS).exists() else ())):
        (out / name).write_bytes((like / name).read_bytes())
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return out


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, without padding, cut at the longest passage."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _packed(folder: Path) -> dict[str, Any] | None:
    """The configuration of a packed model of ours, if that is what the folder holds."""
    try:
        told = config_file(folder)
    except ModelBroken:
        return None
    return told if told.get("format") == FORMAT else None
