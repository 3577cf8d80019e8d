"""How alike near-copies and different texts are: what the thresholds in `ingest/near.py` rest on.

Prints `name<TAB>value` lines: percentiles 1, 5 and 50 of the similarity of a text to a copy as a news wire makes it (of
long texts and of short ones) and to a repost, and how many pairs of different texts reach 0.5, 0.6 and 0.7; last
`near.texts_per_s`, how many texts are put into their bands in a second of processor time, and `near.pairs_per_s`, how
many pairs are compared exactly.

Run: python bench/near.py FILE.jsonl[.gz]...   (rows with a "text"; without a file, our own sample)
"""

import gzip
import json
import random
import sys
import time
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from ingest import near

SAMPLE = 600
OURS = Path(__file__).parent.parent / "ingest" / "packs" / "sample.jsonl"


def main() -> None:
    chance = random.Random(7)
    kinds: dict[str, list[float]] = {"wire.long": [], "wire.short": [], "repost": []}
    pairs: list[float] = []
    banded = compared = 0.0
    near.bands("the first one loads what it needs")
    for name in sys.argv[1:] or [str(OURS)]:
        with gzip.open(name, "rt") if name.endswith(".gz") else Path(name).open() as file:
            texts = [json.loads(line)["text"] for line in file]
        texts = [
            text for text in chance.sample(texts, min(SAMPLE, len(texts))) if len(near.normalised(text)) >= near.SHORT
        ]
        for text in texts:
            kinds["wire.long" if len(text) > 500 else "wire.short"].append(alike(text, wire(text, chance)))
            tail = chance.choice(["https://example.org/x", "#share", "!!"])
            kinds["repost"].append(alike(text, f"RT @someone: {text} {tail}"))
        started = time.process_time()
        for text in texts:
            near.bands(near.normalised(text))
        banded += time.process_time() - started
        runs = {text: near.runs(near.normalised(text)) for text in texts}
        started = time.process_time()
        pairs += [near.similarity(runs[one], runs[other]) for one, other in combinations(runs, 2)]
        compared += time.process_time() - started
    for kind, values in kinds.items():
        if not values:
            continue
        for percentile in (1, 5, 50):
            print(f"near.{kind}.p{percentile}\t{np.percentile(values, percentile):.2f}")
    print(f"near.different.pairs\t{len(pairs)}")
    for level in (0.5, 0.6, 0.7):
        print(f"near.different.over_{level}\t{sum(value >= level for value in pairs)}")
    print(f"near.texts_per_s\t{len(kinds['repost']) / banded:.0f}")
    print(f"near.pairs_per_s\t{len(pairs) / compared:.0f}")


def alike(one: str, other: str) -> float:
    return near.similarity(near.runs(near.normalised(one)), near.runs(near.normalised(other)))


def wire(text: str, chance: random.Random) -> str:
    """A line before, the end cut by 5 to 20 %, one word in 25 replaced."""
    words = text.split()
    words = words[: int(len(words) * chance.uniform(0.8, 0.95))]
    return "(Agency News) - " + " ".join(chance.choice(words) if chance.random() < 0.04 else word for word in words)


if __name__ == "__main__":
    main()
