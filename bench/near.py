"""How alike near-copies and different texts are: what the thresholds in `ingest/near.py` rest on.

Prints `name<TAB>value` lines: percentiles 1, 5 and 50 of the similarity of a text to a copy as a news wire makes it (of
long texts and of short ones) and to a repost, and how many pairs of different texts reach 0.5, 0.6 and 0.7.

Run: python bench/near.py FILE.jsonl[.gz]...   (rows with a "text")
"""

import gzip
import json
import random
import sys
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from ingest import near

SAMPLE = 600


def main() -> None:
    chance = random.Random(7)
    kinds: dict[str, list[float]] = {"wire.long": [], "wire.short": [], "repost": []}
    pairs: list[float] = []
    for name in sys.argv[1:]:
        with gzip.open(name, "rt") if name.endswith(".gz") else Path(name).open() as file:
            texts = [json.loads(line)["text"] for line in file]
        texts = [
            text for text in chance.sample(texts, min(SAMPLE, len(texts))) if len(near.normalised(text)) >= near.SHORT
        ]
        for text in texts:
            kinds["wire.long" if len(text) > 500 else "wire.short"].append(alike(text, wire(text, chance)))
            tail = chance.choice(["https://example.org/x", "#share", "!!"])
            kinds["repost"].append(alike(text, f"RT @someone: {text} {tail}"))
        runs = {text: near.runs(near.normalised(text)) for text in texts}
        pairs += [near.similarity(runs[one], runs[other]) for one, other in combinations(runs, 2)]
    for kind, values in kinds.items():
        for percentile in (1, 5, 50):
            print(f"near.{kind}.p{percentile}\t{np.percentile(values, percentile):.2f}")
    print(f"near.different.pairs\t{len(pairs)}")
    for level in (0.5, 0.6, 0.7):
        print(f"near.different.over_{level}\t{sum(value >= level for value in pairs)}")


def alike(one: str, other: str) -> float:
    return near.similarity(near.runs(near.normalised(one)), near.runs(near.normalised(other)))


def wire(text: str, chance: random.Random) -> str:
    """A line before, the end cut by 5 to 20 %, one word in 25 replaced."""
    words = text.split()
    words = words[: int(len(words) * chance.uniform(0.8, 0.95))]
    return "(Agency News) - " + " ".join(chance.choice(words) if chance.random() < 0.04 else word for word in words)


if __name__ == "__main__":
    main()
