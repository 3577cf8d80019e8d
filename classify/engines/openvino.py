"""Our own network on OpenVINO: the stored int8 rows as they are, activations in int8 by groups, the rest in bf16.

The stored weights are int8 already, so that int8 arithmetic rounds the activations only; with a scale for every token
and every 128 values that changes next to no decision. A processor that multiplies bf16 in tiles (AMX) does that faster
than OpenVINO does int8 on it: there the weights are unpacked to bf16 once and for all. Every row is padded to a width
that only its own length decides: the kernels then add the same numbers in the same order whoever shares the batch: the
same logits, to the bit.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Tokenizer

from classify import processor
from classify.checkpoint import FORMAT, Tensors, checked, config_file, model_config, unchanged
from classify.engines import reference
from classify.engines.passages import PassageScorer
from classify.engines.reference import EPSILON, HEADS, Stored, heads_of, matrix
from classify.errors import EngineUnfit, ModelBroken
from classify.marks import load_marks
from classify.ngrams import load_ngrams
from classify.readings import readings_of
from classify.scorer import Floats

STEP = 8  # widths are multiples of this: few shapes, each of which costs memory, for little padding
MOST_ROWS, MOST_TOKENS = 8, 384  # of a batch: what fits the caches of a core
TILED_STEP, TILED_ROWS, TILED_TOKENS = 16, 32, 1024  # the same for tiles, which want larger matrices
ACTIVATION_GROUP = 128  # values of a token that share a scale; fewer are slower, more change more decisions
TOLERANCE = 0.1  # of the reference logits' spread; int8 with bf16 strays by 0.02 or so, a wrong kernel by 1
CHECKS = (
    "Rain.",
    "They are rats and must be driven out.",
    "The market opened late on Monday, said the council of the town.",
)


class OpenVino:
    """A compiled network; may be called from any thread, one batch at a time."""

    def __init__(self, stored: Stored, shape: dict[str, int], threads: int) -> None:
        openvino = _imported()
        core = openvino.Core()
        can = set(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        # Sizes that the groups do not divide are computed in full precision: in bf16 they would depend on the batch.
        divided = all(shape[size] % ACTIVATION_GROUP == 0 for size in ("hidden", "inner"))
        between = "bf16" if "BF16" in can and divided else "fp32"
        tiled = between == "bf16" and processor.tiles()
        self._step = TILED_STEP if tiled else STEP
        self._most = (TILED_ROWS, TILED_TOKENS) if tiled else (MOST_ROWS, MOST_TOKENS)
        activations = " and activations" if divided and processor.int8() else ""
        self.name = (
            "openvino: weights and activations in bf16, which this processor multiplies in tiles"
            if tiled
            else f"openvino: int8 weights{activations}, {between} between"
        )
        model = _graph(stored, shape, unpacked=tiled)
        wanted = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # or a second process would share the first core with this one
            "INFERENCE_PRECISION_HINT": "bf16" if between == "bf16" else "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": ACTIVATION_GROUP if divided else 0,
        }
        self._request = core.compile_model(model, "CPU", wanted).create_infer_request()
        self._lock = threading.Lock()
        # Looked up here and not in the graph, so that of the largest matrix int8 is all that is ever held.
        words = "embeddings.word_embeddings.weight"
        self._words = stored[words]
        self._scales = np.array(stored.get(f"{words}.scale", np.ones(len(self._words), np.float32)))
        self._places = matrix(stored, "embeddings.position_embeddings.weight")
        self._places += matrix(stored, "embeddings.token_type_embeddings.weight")[0]
        self._heads = np.concatenate(
            [matrix(stored, f"{name}.weight") for name in heads_of(stored)]
        ).T  # (hidden, logits)
        self._bias = np.concatenate([stored[f"{name}.bias"] for name in heads_of(stored)])

    def groups(self, lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
        """Rows of the same padded width, a power of two of them at a time."""
        most_rows, most_tokens = self._most
        by_width: dict[int, list[int]] = {}
        for row, length in enumerate(lengths):
            by_width.setdefault(self._width(length), []).append(row)
        for width, rows in sorted(by_width.items()):
            most = max(1, min(most_rows, min(budget, most_tokens) // width))
            first = 0
            while first < len(rows):
                size = 1 << (min(most, len(rows) - first).bit_length() - 1)
                yield rows[first : first + size]
                first += size

    def forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        """(rows, logits) of rows that share a width. Raises MemoryError or RuntimeError."""
        lengths = np.array([len(row) for row in ids])
        keep = np.arange(self._width(int(lengths.max()))) < lengths[:, None]  # (rows, width)
        pooled = self._infer(ids, keep, (keep / lengths[:, None])[:, None, :])[:, 0]
        # In double precision: in the graph the logits themselves would be rounded to bf16.
        return np.asarray(np.einsum("rh,hl->rl", pooled, self._heads) + self._bias)

    def states(self, ids: Sequence[int], shares: Floats) -> Floats:
        """(spans, hidden) of one row: the mean of its tokens' last states by each span's (spans, tokens) shares."""
        width = self._width(len(ids))
        square = np.zeros((width, width))  # as many spans as tokens, or every number of words would be a shape
        square[: len(shares), : len(ids)] = shares
        return self._infer([ids], np.arange(width)[None, :] < len(ids), square[None])[0, : len(shares)]

    def _infer(self, ids: Sequence[Sequence[int]], keep: NDArray[np.bool_], shares: Floats) -> Floats:
        """(rows, spans, hidden) of rows, from which tokens are real, (rows, width), and (rows, spans, width) shares."""
        padded = np.zeros(keep.shape, np.int64)
        for number, row in enumerate(ids):
            padded[number, : len(row)] = row
        embedded = self._words[padded] * self._scales[padded][..., None] + self._places[: keep.shape[1]]
        hide = np.where(keep, 0.0, -1e9).astype(np.float32)[:, None, None, :]
        with self._lock:
            told = self._request.infer([embedded.astype(np.float32), hide, shares.astype(np.float32)])[0]
            return np.array(told, dtype=np.float64)

    def _width(self, length: int) -> int:
        return min(-(-length // self._step) * self._step, len(self._places))


def _imported() -> Any:
    """The library without what it brings along to report its use over the network, and without its converters."""
    for name in ("openvino_telemetry", "openvino.tools", "openvino.tools.ovc"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # as the import system spells "not to be had"
    try:
        import openvino
    except ImportError as error:
        raise EngineUnfit("openvino is not installed") from error
    return openvino


def _graph(stored: Stored, shape: dict[str, int], *, unpacked: bool) -> Any:
    """The network as OpenVINO operations: (rows, width, hidden) embeddings, mask, shares to (rows, spans, hidden).

    `unpacked`: with int8 rows in full precision, so that they are not unpacked again for every batch.
    """
    import openvino
    from openvino import opset13 as op

    hidden, heads = shape["hidden"], shape["heads"]
    each = hidden // heads

    def constant(values: Any) -> Any:
        return op.constant(np.ascontiguousarray(values))

    def weight(*names: str) -> Any:
        if any(stored[name].dtype != np.int8 for name in names):
            return constant(np.concatenate([matrix(stored, name) for name in names]))
        if unpacked:
            whole = np.concatenate([matrix(stored, name) for name in names])
            return op.constant(whole, shared_memory=True)  # given back once the graph is compiled
        parts = [stored[name] for name in names]
        # A mapped tensor is shared as it lies in the file: its pages are the system's to drop and to read again.
        rows = op.constant(parts[0], shared_memory=True) if len(parts) == 1 else constant(np.concatenate(parts))
        scales = np.concatenate([stored[f"{name}.scale"] for name in names])[:, None]
        return op.multiply(op.convert(rows, openvino.Type.f32), constant(scales.astype(np.float32)))

    def linear(values: Any, *names: str) -> Any:
        bias = np.concatenate([stored[f"{name}.bias"] for name in names])
        product = op.matmul(values, weight(*(f"{name}.weight" for name in names)), False, True)
        return op.add(product, constant(bias.reshape(1, 1, -1)))

    def norm(values: Any, name: str) -> Any:
        centred = op.mvn(values, constant(np.array([-1])), True, EPSILON, "inside_sqrt")
        scaled = op.multiply(centred, constant(stored[f"{name}.weight"].reshape(1, 1, -1)))
        return op.add(scaled, constant(stored[f"{name}.bias"].reshape(1, 1, -1)))

    def turned(values: Any, *order: int) -> Any:
        return op.transpose(values, constant(np.array(order)))

    embedded = op.parameter(openvino.PartialShape([-1, -1, hidden]), np.float32)
    hide = op.parameter(openvino.PartialShape([-1, 1, 1, -1]), np.float32)
    share = op.parameter(openvino.PartialShape([-1, -1, -1]), np.float32)
    values = norm(embedded, "embeddings.LayerNorm")
    for number in range(shape["layers"]):
        layer = f"layers.{number}"
        joined = linear(values, *(f"{layer}.{part}" for part in ("query", "key", "value")))
        split = op.reshape(joined, constant(np.array([0, 0, 3 * heads, each])), True)
        query, key, value = op.variadic_split(split, constant(np.int64(2)), constant(np.array([heads] * 3))).outputs()
        score = op.matmul(turned(query, 0, 2, 1, 3), turned(key, 0, 2, 3, 1), False, False)
        score = op.add(op.multiply(score, constant(np.float32(each**-0.5))), hide)  # (rows, heads, width, width)
        mixed = op.matmul(op.softmax(score, -1), turned(value, 0, 2, 1, 3), False, False)
        mixed = op.reshape(turned(mixed, 0, 2, 1, 3), constant(np.array([0, 0, hidden])), True)
        values = norm(op.add(values, linear(mixed, f"{layer}.attention_out")), f"{layer}.attention_norm")
        grown = op.gelu(linear(values, f"{layer}.inner"), "erf")
        values = norm(op.add(values, linear(grown, f"{layer}.outer")), f"{layer}.norm")
    return openvino.Model([op.matmul(share, values, False, False)], [embedded, hide, share])


def load_folder(folder: Path, threads: int, batch_tokens: int) -> PassageScorer:
    """A scorer from a folder in our own format, its weights checked by sha256 before they are read.

    Raises ModelBroken when the model is at fault, EngineUnfit when this machine is.
    """
    told = config_file(folder)
    if told.get("format") != FORMAT:
        raise ModelBroken(f"{folder / 'config.json'} is not in the format {FORMAT}.")
    weights = unchanged(folder / "model.safetensors", told["weights"]["sha256"])
    words = checked(folder / "tokenizer.json", told["tokenizer"]["sha256"])
    try:
        stored = Tensors.mapped(weights)
        _fits(stored, told["shape"])
        tokenizer = Tokenizer.from_str(words.decode())
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelBroken(f"The weights in {folder} do not fit its config.json: {str(error)[:300]}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(told["max_tokens"])
    config = model_config(told)
    try:
        rows = [encoding.ids for encoding in tokenizer.encode_batch(CHECKS)]
        right = reference.logits(stored, told["shape"]["heads"], rows)
        stored.forget()
        engine = OpenVino(stored, told["shape"], threads)
        engine.name += _verdict(engine, right, rows)
        stored.forget()  # by now the engine has its own copies, all but the words
    except RuntimeError as error:
        raise EngineUnfit(f"openvino cannot run the model here ({str(error).splitlines()[-1][:200]})") from error
    beside = readings_of(told), load_ngrams(folder, told), load_marks(folder, told)
    return PassageScorer(engine, tokenizer, config, batch_tokens, *beside)


def _fits(stored: Stored, shape: dict[str, int]) -> None:
    """Raise ValueError unless the tensors are those of a network of this shape."""
    hidden, inner = shape["hidden"], shape["inner"]
    wanted = {
        "embeddings.word_embeddings.weight": (shape["vocabulary"], hidden),
        "embeddings.position_embeddings.weight": (shape["positions"], hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
    }
    sizes = {"query": (hidden, hidden), "key": (hidden, hidden), "value": (hidden, hidden)}
    sizes |= {"attention_out": (hidden, hidden), "inner": (inner, hidden), "outer": (hidden, inner)}
    for number in range(shape["layers"]):
        wanted |= {f"layers.{number}.{part}.weight": size for part, size in sizes.items()}
        wanted |= {f"layers.{number}.{part}.weight": (hidden,) for part in ("attention_norm", "norm")}
    readings = shape.get("readings", 0)
    sizes_of_heads = (8, 4, 4, 8, *((readings, readings + 1) if readings else ()))
    wanted |= {f"{name}.weight": (size, hidden) for name, size in zip(HEADS, sizes_of_heads, strict=False)}
    biased = [name for name in wanted if "_embeddings" not in name]
    wanted |= {f"{name.removesuffix('.weight')}.bias": wanted[name][:1] for name in biased}
    found = {name: tensor.shape for name, tensor in stored.items() if not name.endswith(".scale")}
    if found != wanted:
        odd = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise ValueError(f"{odd[0]} is {found.get(odd[0])}, not {wanted.get(odd[0])}")
    for name, tensor in stored.items():
        if tensor.dtype == np.int8 and stored[f"{name}.scale"].shape != tensor.shape[:1]:
            raise ValueError(f"{name} has not one scale to a row")


def _verdict(engine: OpenVino, right: Floats, rows: Sequence[Sequence[int]]) -> str:
    """How well the engine agrees on rows with full precision's logits. Raises EngineUnfit when it does not."""
    alone = np.concatenate([engine.forward([row]) for row in rows])
    fullest = [len(next(engine.groups([len(row)] * TILED_ROWS, TILED_TOKENS))) for row in rows]
    together = np.array([engine.forward([row] * many)[-1] for row, many in zip(rows, fullest, strict=True)])
    if not np.isfinite(right).all():
        return "; not checked, the weights themselves give no number"
    off = float(np.sqrt(((alone - right) ** 2).mean()) / max(float(right.std()), 1e-6))
    if not off <= TOLERANCE:
        raise EngineUnfit(f"openvino strays from full precision by {off:.0%} on this machine")
    if not np.abs(alone - together).max() <= 1e-5:
        raise EngineUnfit("openvino scores a text by its batch on this machine")
    return f"; strays from full precision by {off:.1%} on {len(rows)} sentences, checked at the start"
