"""A model folder before it is a network: where it lies, what its `config.json` says, whether its files are unchanged.

No torch here: everything is refused that can be refused before a weight is read. A pickle is never opened.
"""

import hashlib
import json
import math
import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from classify.errors import ModelBroken
from classify.scorer import ModelConfig
from models.codebook import SIGNALS, STANCES, TARGETS

FORMAT = "tocsin-classifier-1"
KINDS = {"I8": "<i1", "F16": "<f2", "F32": "<f4", "F64": "<f8"}  # as safetensors spells what a packed model may hold
BUNDLED = Path(__file__).parent / "bundled"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".pickle")
_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


def folder_of(model: str) -> Path:
    """The folder of `bundled`, of a local folder, or of a hub name once its files have been fetched."""
    if model == "bundled":
        return BUNDLED
    folder = Path(model)
    return folder if folder.is_dir() or not _HUB_NAME.fullmatch(model) else from_hub(model)


def from_hub(name: str) -> Path:
    """A hub model's files, without any that could run code."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelBroken(
            f"The model {name!r} could not be fetched: {type(error).__name__}; check name and network."
        ) from error


def model_config(told: dict[str, Any]) -> ModelConfig:
    """The figures of a `config.json`, bound to its weights."""
    if (told["signals"], told["stances"], told["targets"]) != (list(SIGNALS), list(STANCES), list(TARGETS)):
        raise ModelBroken("The model's labels are not the codebook's, in its order; train it again with this version.")
    deciding = {key: value for key, value in told.items() if key != "card"}
    return ModelConfig(
        name=told["name"],
        # Of everything that a decision depends on: other thresholds are another model, other prose is not.
        sha256=hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest(),
        max_tokens=told["max_tokens"],
        calibration=told["calibration"],
        thresholds=told["thresholds"],
        band={key: (low, high) for key, (low, high) in told["band"].items()},
        languages=told["languages"],
        card=told.get("card", {}),
    )


def config_file(folder: Path) -> dict[str, Any]:
    """What `config.json` says. Raises ModelBroken when the folder is no model."""
    path = folder / "config.json"
    if not path.exists():
        pickled = [p.name for p in folder.glob("*") if p.suffix in PICKLES] if folder.is_dir() else []
        if pickled:
            raise ModelBroken(f"{folder} holds {pickled[0]}, a pickle, which can run code; convert it to safetensors.")
        raise ModelBroken(
            f"{folder} holds no model (no config.json); set TOCSIN_MODEL to a model folder or to `bundled`."
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelBroken(f"{path} is not JSON: {error}.") from error
    if not isinstance(told, dict):
        raise ModelBroken(f"{path} is not a JSON object.")
    return told


def checked(path: Path, sha256: str) -> bytes:
    """A file's content, if it is the one that was released. Raises ModelBroken otherwise."""
    content = _there(path).read_bytes()
    _released(path, hashlib.sha256(content).hexdigest(), sha256)
    return content


def unchanged(path: Path, sha256: str) -> Path:
    """The file itself, never held whole, if it is the one that was released. Raises ModelBroken otherwise."""
    with _there(path).open("rb") as file:
        _released(path, hashlib.file_digest(file, "sha256").hexdigest(), sha256)
    return path


def _there(path: Path) -> Path:
    if not path.exists():
        raise ModelBroken(f"{path} is missing; restore it from the repository or reinstall.")
    return path


def _released(path: Path, found: str, sha256: str) -> None:
    if found != sha256:
        raise ModelBroken(f"{path} was changed: its sha256 is {found}, not {sha256}; restore it or reinstall.")


class Tensors(Mapping[str, NDArray[Any]]):
    """The tensors of a safetensors file, which stays where it is: only what is looked at takes memory.

    Of a mapped file what is written to a tensor never reaches the file.
    """

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self._content = content
        size = int.from_bytes(content[:8], "little")
        told = json.loads(content[8 : 8 + size])
        self._first = 8 + size
        self._told = {name: of for name, of in told.items() if name != "__metadata__"}

    @classmethod
    def mapped(cls, path: Path) -> Self:
        """Those of a file. Raises SafetensorError where it is no such file."""
        with safe_open(path, "numpy"):  # refuses one whose tensors do not lie within it, too
            pass
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))

    def forget(self) -> None:
        """Give the pages of a mapped file back to the system; one that is looked at again is read again."""
        if isinstance(self._content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._content.madvise(mmap.MADV_DONTNEED)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The tensor of that name, in the file's own memory. Raises KeyError."""
        told = self._told[name]
        count, first = math.prod(told["shape"]), self._first + told["data_offsets"][0]
        return np.frombuffer(self._content, KINDS[told["dtype"]], count, first).reshape(told["shape"])

    def __iter__(self) -> Iterator[str]:
        """Every name."""
        return iter(self._told)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._told)
