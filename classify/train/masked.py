"""Masked-language training on every text that training may see: words learn from their neighbours, labelled or not.

After Devlin et al. 2019: 15 % of the tokens are asked for, 80 % of those hidden, 10 % swapped, 10 % left. The softmax
runs over the words asked for and some thousand drawn ones (Jean et al. 2015), because half of a small model's weights
are word vectors and a full one would cost more than the body.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from classify.model import Network
from classify.train.batches import Tensors
from classify.train.vocabulary import SPECIAL

ASKED = 0.15
HIDDEN, SWAPPED = 0.8, 0.1
DRAWN = 4096
PIECE = 70  # words
POOL = 4096  # texts that are sorted by length together


@dataclass(frozen=True, slots=True)
class Gaps(Tensors):
    """Some texts of like length with tokens to find."""

    ids: Tensor  # (batch, tokens), as the network sees them
    mask: Tensor  # (batch, tokens)
    asked: Tensor  # (batch, tokens), true where the token is to be found
    wanted: Tensor  # (asked,), the tokens that stood there


class Guess(nn.Module):
    """What a token's place says of the word that stands there; used while training alone, and not kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(n, hidden) to (n, hidden), to be compared with word vectors."""
        return self.norm(functional.gelu(self.dense(hidden)))  # type: ignore[no-any-return]


def gaps(texts: Mapping[str, Sequence[str]], tokenizer: Tokenizer, budget: int, seed: int) -> Iterator[Gaps]:
    """Endless batches of at most `budget` tokens; languages in proportion to the root of their texts."""
    draw = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    texts = {code: [piece for text in found for piece in _pieces(text)] for code, found in texts.items()}
    languages = sorted(code for code, found in texts.items() if found)
    weights = [math.sqrt(len(texts[code])) for code in languages]
    special = {tokenizer.token_to_id(name) or 0 for name in SPECIAL}
    while True:
        pool = [draw.choice(texts[code]) for code in draw.choices(languages, weights, k=POOL)]
        every = sorted((encoding.ids for encoding in tokenizer.encode_batch(pool)), key=len)
        groups: list[list[list[int]]] = [[]]
        for ids in every:
            if groups[-1] and (len(groups[-1]) + 1) * len(ids) > budget:
                groups.append([])
            groups[-1].append(ids)
        draw.shuffle(groups)
        for group in groups:
            found = _hidden(group, draw, special, tokenizer)
            if len(found.wanted):
                yield found


def _pieces(text: str) -> Iterator[str]:
    """Stretches of a text, so that all of a long one is read and not its beginning alone."""
    words = text.split()
    yield from (" ".join(words[first : first + PIECE]) for first in range(0, len(words), PIECE))


def _hidden(group: Sequence[Sequence[int]], draw: random.Random, special: set[int], tokenizer: Tokenizer) -> Gaps:
    width = max(len(ids) for ids in group)
    hole, words = int(tokenizer.token_to_id("[MASK]") or 0), tokenizer.get_vocab_size()
    seen, asked, wanted = [], [], []
    for ids in group:
        row, marks = list(ids), [False] * width
        for place, token in enumerate(ids):
            if token in special or draw.random() >= ASKED:
                continue
            marks[place] = True
            wanted.append(token)
            fate = draw.random()
            row[place] = hole if fate < HIDDEN else draw.randrange(words) if fate < HIDDEN + SWAPPED else token
        seen.append(row + [0] * (width - len(row)))
        asked.append(marks)
    mask = [[1] * len(ids) + [0] * (width - len(ids)) for ids in group]
    return Gaps(torch.tensor(seen), torch.tensor(mask), torch.tensor(asked), torch.tensor(wanted))


def loss_of(network: Network, guess: Guess, found: Gaps) -> Tensor:
    """Cross-entropy of the tokens that were asked for, among themselves and some drawn ones."""
    places = guess(network.tokens(found.ids, found.mask)[found.asked])
    drawn = torch.randint(network.shape.vocabulary, (DRAWN,), device=found.ids.device)
    words = torch.unique(torch.cat([found.wanted, drawn]))  # ascending
    scores = places @ network.embeddings.word_embeddings(words).T
    return functional.cross_entropy(scores.float(), torch.searchsorted(words, found.wanted))
