"""Translated sentences as a teacher: what the English model makes of a sentence, its translations should become.

Sentence distillation after Reimers and Gurevych 2020, on NTREX (`parallel/*.txt`, line by line). The teacher is an
English run of ours, so that what its heads read in English they read in the other languages too.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from classify.errors import BadTrainingData
from classify.model import padded
from classify.train.batches import Tensors
from classify.train.earlier import network_of, read_tokenizer
from classify.train.rows import NTREX, clean, held_out

ENGLISH = "eng-US"
LANGUAGES = ("amh", "arb", "eng-US", "fra", "hau", "hin", "kin", "orm", "som", "spa", "swa", "tir")
BATCH = 48


@dataclass(frozen=True, slots=True)
class Pairs(Tensors):
    """Some sentences of any language with what they should become."""

    ids: Tensor  # (batch, tokens)
    mask: Tensor  # (batch, tokens)
    wanted: Tensor  # (batch, hidden)


def sentences(data: Path, language: str) -> list[str]:
    """The sentences of one language, in the order that all share. Raises BadTrainingData."""
    path = data / "parallel" / f"{language}.txt"
    if not path.exists():
        raise BadTrainingData(f"{path} does not exist; alignment needs the translated sentences.")
    return [clean(line) for line in path.read_text(encoding="utf-8").split("\n")]


def pairs(data: Path, teacher: Path, tokenizer: Tokenizer, seed: int) -> Iterator[Pairs]:
    """Endless batches of sentences of like length, every language as often as any other."""
    wanted = embedded(teacher, sentences(data, ENGLISH))
    draw = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    every = [
        (encoding.ids, number)
        for language in LANGUAGES
        for number, encoding in enumerate(tokenizer.encode_batch(sentences(data, language)))
        if len(encoding.ids) > 4 and number < len(wanted) and not held_out(f"{NTREX}:{number}")
    ]
    every.sort(key=lambda pair: len(pair[0]))
    groups = [every[first : first + BATCH] for first in range(0, len(every), BATCH)]
    while True:
        group = draw.choice(groups)
        yield Pairs(*padded([ids for ids, _ in group]), wanted[[number for _, number in group]])


@torch.inference_mode()
def embedded(run: Path, texts: list[str]) -> Tensor:
    """(texts, hidden): what an English run's body makes of each."""
    network = network_of(run).eval()
    tokenizer = read_tokenizer(run)
    rows = [
        network.pooled(torch.tensor([encoding.ids]), torch.ones(1, len(encoding.ids), dtype=torch.long))
        for encoding in tokenizer.encode_batch(texts)
    ]
    return torch.cat(rows).clone()
