"""The transformer and its heads: the one room file that imports torch.

A BERT body with mean pooling and four heads (signals, stage, stance, targets). It knows nothing about thresholds,
languages or documents: passages go in, logits come out, and a passage's logits never depend on its batch.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from classify.checkpoint import FORMAT, checked, config_file, model_config
from classify.engines.passages import PassageScorer
from classify.errors import ModelBroken
from classify.marks import Marks, load_marks
from classify.ngrams import Ngrams, load_ngrams
from classify.readings import Readings, readings_of
from classify.scorer import Floats, ModelConfig
from classify.settings import ClassifySettings
from models.codebook import SIGNALS, TARGETS

ABSENT = -30.0  # the logit of a label that a model does not have


class Shape(NamedTuple):
    """The sizes of a BERT body."""

    vocabulary: int = 30522
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    positions: int = 512
    segments: int = 2
    first_position: int = 0
    epsilon: float = 1e-12
    readings: int = 0  # how many sets have a reading of their own (see classify/readings.py)


class Logits(NamedTuple):
    """What the heads say of a batch."""

    signals: Tensor  # (batch, 8)
    stage: Tensor  # (batch, 4): at least stage 1, 2, 3, 4
    stance: Tensor  # (batch, 4)
    targets: Tensor  # (batch, 8)
    readings: Tensor  # (batch, readings): the main signal of a set, as that set would call it
    gate: Tensor  # (batch, readings + 1): how like each set a passage is; the last is like none


class Embeddings(nn.Module):
    """Word, position and segment, under the names of a BERT checkpoint."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position_embeddings = nn.Embedding(shape.positions, shape.hidden)
        self.token_type_embeddings = nn.Embedding(shape.segments, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.first = shape.first_position

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, tokens) ids to (batch, tokens, hidden)."""
        positions = torch.arange(self.first, self.first + ids.shape[1], device=ids.device)
        summed = self.word_embeddings(ids) + self.position_embeddings(positions) + self.token_type_embeddings.weight[0]
        return self.LayerNorm(summed)  # type: ignore[no-any-return]


class Layer(nn.Module):
    """Self-attention and a feed-forward block, each with its residual."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.dropout = dropout
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)
        self.attention_out = nn.Linear(shape.hidden, shape.hidden)
        self.attention_norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.inner = nn.Linear(shape.hidden, shape.inner)
        self.activation: nn.Module = nn.GELU()
        self.outer = nn.Linear(shape.inner, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)

    def forward(self, hidden: Tensor, keep: Tensor) -> Tensor:
        """(batch, tokens, hidden) to the same, attending only where `keep`."""
        batch, tokens, width = hidden.shape
        split = (batch, tokens, self.heads, width // self.heads)
        query, key, value = (part(hidden).view(split).transpose(1, 2) for part in (self.query, self.key, self.value))
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=keep)
        mixed = self.attention_out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        hidden = self.attention_norm(hidden + functional.dropout(mixed, self.dropout, self.training))
        grown = self.outer(self.activation(self.inner(hidden)))
        return self.norm(hidden + functional.dropout(grown, self.dropout, self.training))  # type: ignore[no-any-return]


class Network(nn.Module):
    """Body, mean pooling over the real tokens, linear heads."""

    def __init__(self, shape: Shape, dropout: float = 0.1, layer: type[Layer] = Layer) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = Embeddings(shape)
        self.layers = nn.ModuleList(layer(shape, dropout) for _ in range(shape.layers))
        self.signals = nn.Linear(shape.hidden, 8)
        self.stage = nn.Linear(shape.hidden, 4)
        self.stance = nn.Linear(shape.hidden, 4)
        self.targets = nn.Linear(shape.hidden, 8)
        if shape.readings:
            self.readings = nn.Linear(shape.hidden, shape.readings)
            self.gate = nn.Linear(shape.hidden, shape.readings + 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Logits:
        """(batch, tokens) ids and 0/1 mask to logits."""
        return self.read(self.pooled(ids, mask))

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens) ids and 0/1 mask to (batch, hidden): the mean over the real tokens."""
        return self.mean(self.tokens(ids, mask), mask)

    @staticmethod
    def mean(hidden: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, hidden) to (batch, hidden), over the real tokens."""
        weight = mask.unsqueeze(-1).float()
        return (hidden.float() * weight).sum(1) / weight.sum(1).clamp(min=1.0)

    def tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens) ids and 0/1 mask to (batch, tokens, hidden)."""
        hidden: Tensor = self.embeddings(ids)
        return self.through(self.layers, hidden, mask)

    @staticmethod
    def through(layers: Iterable[nn.Module], hidden: Tensor, mask: Tensor) -> Tensor:
        """What some layers in a row make of (batch, tokens, hidden)."""
        keep = mask.bool()[:, None, None, :]  # (batch, 1, 1, tokens)
        for layer in layers:
            hidden = layer(hidden, keep)
        return hidden

    @property
    def device(self) -> str:
        """Where the weights lie: `cpu`, `cuda`."""
        return self.signals.weight.device.type

    def read(self, pooled: Tensor) -> Logits:
        """(batch, hidden) to logits. The gate looks on: what it learns never bends the body."""
        none = pooled.new_empty((len(pooled), 0))
        has = self.shape.readings > 0
        return Logits(
            self.signals(pooled),
            self.stage(pooled),
            self.stance(pooled),
            self.targets(pooled),
            self.readings(pooled) if has else none,
            self.gate(pooled.detach()) if has else none,
        )


class Packed(nn.Module):
    """A linear layer whose weights lie as oneDNN likes them: twice as fast, and every row alike in any batch."""

    def __init__(self, linear: nn.Linear, after: str = "none") -> None:
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), 1024)  # noqa: SLF001
        self.bias = linear.bias.detach()
        self.after = after  # what follows, done in the same step: `none` or `gelu`

    def forward(self, values: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return torch.ops.mkldnn._linear_pointwise(  # type: ignore[no-any-return]  # noqa: SLF001
            values, self.weight, self.bias, self.after, [], "none"
        )


def packed(network: Network) -> Network:
    """The same network for inference only, with packed weights where this build of torch can."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return network
    for layer in network.layers:
        for name in ("query", "key", "value", "attention_out", "outer"):
            setattr(layer, name, Packed(getattr(layer, name)))
        layer.inner, layer.activation = Packed(layer.inner, "gelu"), nn.Identity()  # type: ignore[arg-type]
    return network


class Foreign(nn.Module):
    """A Hugging Face sequence classifier seen through our heads; it knows signals, and nothing of stage or stance."""

    def __init__(self, inner: Any, columns: dict[int, int]) -> None:
        super().__init__()
        self.inner = inner
        self.columns = columns  # our signal number to its label number

    def forward(self, ids: Tensor, mask: Tensor) -> Logits:
        """Its own logits where it has the label; the stage follows from the signals, the stance is `asserts`."""
        logits = self.inner(input_ids=ids, attention_mask=mask).logits  # (batch, labels)
        absent = logits.new_full((len(logits),), ABSENT)
        column = {key: self.columns.get(number) for number, key in enumerate(SIGNALS)}
        signals = {key: absent if c is None else logits[:, c] for key, c in column.items()}
        violent, excluding = signals["incitement"], torch.maximum(signals["incitement"], signals["discrimination"])
        every = torch.stack([signals[key] for key in SIGNALS], dim=1)
        stage = torch.stack([every.amax(dim=1), excluding, violent, absent], dim=1)
        stance = torch.stack([-absent, absent, absent, absent], dim=1)
        none = every.new_empty((len(every), 0))
        return Logits(every, stage, stance, absent[:, None].expand(-1, len(TARGETS)), none, none)


class Torch:
    """A network on torch."""

    def __init__(self, network: Network | Foreign, reason: str = "", device: str = "cpu") -> None:
        self.network = network.eval().to(device)
        self.device = device
        self.name = f"torch: full precision on {device}{reason and f' ({reason})'}"

    def groups(self, lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
        """Neighbours of ascending length, at most `budget` tokens together with their padding."""
        group: list[int] = []
        for index in sorted(range(len(lengths)), key=lengths.__getitem__):
            if group and (len(group) + 1) * lengths[index] > budget:
                yield group
                group = []
            group.append(index)
        if group:
            yield group

    def forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        """(rows, logits) of one batch. Raises RuntimeError or MemoryError."""
        with torch.inference_mode():
            logits = self.network(*(part.to(self.device) for part in padded(ids)))
        return np.asarray(torch.cat(logits, dim=1).double().cpu().numpy())

    def states(self, ids: Sequence[int], shares: Floats) -> Floats:
        """(spans, hidden) of one row: the mean of its tokens' last states by each span's (spans, tokens) shares."""
        assert isinstance(self.network, Network)  # noqa: S101 - no other has marks
        with torch.inference_mode():
            hidden = self.network.tokens(*(part.to(self.device) for part in padded([ids])))[0]
        return np.asarray(shares @ hidden.double().cpu().numpy())


class TorchScorer(PassageScorer):
    """A scorer on torch: for checkpoints of others, and for measuring what was just trained."""

    def __init__(
        self,
        network: Network | Foreign,
        tokenizer: Tokenizer,
        config: ModelConfig,
        batch_tokens: int,
        reason: str = "",
        readings: Readings | None = None,
        ngrams: Ngrams | None = None,
        marks: Marks | None = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(Torch(network, reason, device), tokenizer, config, batch_tokens, readings, ngrams, marks)


def padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Rows of token ids as (batch, tokens) ids, padded with 0, and their 0/1 mask."""
    width = max(len(row) for row in ids)
    filled = torch.tensor([[*row, *([0] * (width - len(row)))] for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
    return filled, mask


def device_of(settings: ClassifySettings) -> str:
    """`cpu` or `cuda`, as wanted and as there is; sets torch's threads.

    Raises ModelBroken when a GPU is asked for that torch cannot see.
    """
    torch.set_num_threads(settings.threads or os.cpu_count() or 1)
    seen = torch.cuda.is_available()
    if settings.device == "cuda" and not seen:
        raise ModelBroken(
            "TOCSIN_DEVICE is cuda, and this torch sees no GPU: install a CUDA build of torch, or set it to auto."
        )
    return "cuda" if seen and settings.device != "cpu" else "cpu"


def load(folder: Path, settings: ClassifySettings, reason: str = "") -> TorchScorer:
    """The model of a folder, on torch. Raises ModelBroken with what is wrong and what to do."""
    device = device_of(settings)
    told = config_file(folder)
    if told.get("format") == FORMAT:
        return load_folder(folder, settings.batch_tokens, reason, device)
    return _foreign(folder, told, settings.batch_tokens, reason, device)


def _foreign(folder: Path, told: dict[str, Any], batch_tokens: int, reason: str, device: str) -> TorchScorer:
    """A Hugging Face folder whose labels are among our signals; languages only as its `tocsin` block says."""
    labels = {label: int(number) for number, label in told.get("id2label", {}).items()}
    columns = {number: labels[key] for number, key in enumerate(SIGNALS) if key in labels}
    if not columns:
        raise ModelBroken(
            f"The labels of {folder} ({', '.join(labels) or 'none'}) hold none of our signals: {SIGNALS}."
        )
    for name in ("model.safetensors", "tokenizer.json"):
        if not (folder / name).exists():
            raise ModelBroken(
                f"{folder} has no {name}; only safetensors and a fast tokenizer are read, never a pickle."
            )
    from transformers import AutoModelForSequenceClassification

    try:
        inner = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelBroken(f"{folder} cannot be loaded: {str(error)[:300]}") from error
    own = told.get("tocsin", {})
    longest = min(128, int(told.get("max_position_embeddings", 130)) - 2)
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    half = dict.fromkeys(SIGNALS, 0.5)
    config = ModelConfig(
        name=str(own.get("name", folder.name)),
        sha256=hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        max_tokens=longest,
        calibration=own.get("calibration", {}),
        thresholds={"flag": half, "high_recall": half, "high_precision": half} | own.get("thresholds", {}),
        band=dict.fromkeys(SIGNALS, (0.45, 0.55)),
        languages=own.get("languages", {}),
    )
    return TorchScorer(Foreign(inner, columns), tokenizer, config, batch_tokens, reason, device=device)


def load_folder(folder: Path, batch_tokens: int = 2048, reason: str = "", device: str = "cpu") -> TorchScorer:
    """A scorer from a folder in our own format, its weights checked by sha256 before they are read."""
    told = config_file(folder)
    if told.get("format") != FORMAT:
        raise ModelBroken(f"{folder / 'config.json'} is not in the format {FORMAT}.")
    weights = checked(folder / "model.safetensors", told["weights"]["sha256"])
    tokenizer_file = checked(folder / "tokenizer.json", told["tokenizer"]["sha256"])
    try:
        network = Network(Shape(**told["shape"]))
        network.load_state_dict(dequantised(load_tensors(weights)))
        tokenizer = Tokenizer.from_str(tokenizer_file.decode())
    except (RuntimeError, SafetensorError, TypeError, ValueError) as error:
        raise ModelBroken(f"The weights in {folder} do not fit its config.json: {str(error)[:300]}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(told["max_tokens"])
    ready = packed(network) if device == "cpu" else network  # packed weights are for the CPU alone
    beside = readings_of(told), load_ngrams(folder, told), load_marks(folder, told)
    return TorchScorer(ready, tokenizer, model_config(told), batch_tokens, reason, *beside, device=device)


def dequantised(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Full precision weights from int8 rows and their scales; other tensors as they are."""
    return {
        name: tensor.float() * stored[f"{name}.scale"][:, None] if tensor.dtype == torch.int8 else tensor.float()
        for name, tensor in stored.items()
        if not name.endswith(".scale")
    }


def quantised(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every matrix as int8 rows with one scale each: a quarter of the size, next to no change."""
    stored: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if tensor.ndim < 2:
            stored[name] = tensor.clone()
            continue
        scale = tensor.abs().amax(dim=1).clamp(min=1e-12) / 127.0
        stored[name] = (tensor / scale[:, None]).round().to(torch.int8)
        stored[f"{name}.scale"] = scale
    return stored
