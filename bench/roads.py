"""Roads to a model for other languages, each given the same minutes of one core: which reads public sets best.

All but the last begin with an English model of six layers, whose body is the same on their roads:

- `english`: its own vocabulary, which cuts other languages into letters
- `random`: a vocabulary of many languages, vectors of words that English lacks drawn at random
- `transplanted`: the same with vectors by translation and neighbourhood (`python -m classify.train.vocabulary`)
- `masked`: transplanted, and one masked-language step for each labelled one
- `distilled`: transplanted, and one step in two on translations that shall become what the English model made of them
- `pretrained`: a body of twelve layers that has read a hundred languages (`python -m classify.train.e5`)

Prints `road<TAB>seed<TAB>set<TAB>macro-F1<TAB>average precision` of the network alone, as `bench/networks.py` does,
then the sets' mean average precision and its spread for each road. Floors are in `classify/train/lineup.py`. A few
minutes tell which road starts best, not where each ends.

Run: python bench/roads.py DATA ENGLISH TRANSPLANTED PRETRAINED WORK [MINUTES] [SEED,SEED...] [ROAD,ROAD...]
ENGLISH is a run of the line-up `english`, TRANSPLANTED what `classify.train.vocabulary` made of it, PRETRAINED what
`classify.train.e5` wrote.
"""

import json
import math
import statistics
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from safetensors.torch import save_file

from classify.train.development import by_set, labelled
from classify.train.earlier import RECORD, WEIGHTS, network_of, read_tokenizer, readings_of, record_of, weights_of
from classify.train.lineup import LINEUPS
from classify.train.run import TrainOptions, train

WORDS = "embeddings.word_embeddings.weight"


def main() -> None:
    """Train every road with every seed, and print how each reads."""
    data, english, transplanted, pretrained, work = (Path(argument) for argument in sys.argv[1:6])
    minutes = float(sys.argv[6]) if len(sys.argv) > 6 else 4.0
    seeds = [int(seed) for seed in (sys.argv[7] if len(sys.argv) > 7 else "1,2,3").split(",")]
    base = TrainOptions(
        data, work, "multilingual", rows=2_000_000, minutes=minutes, learning_rate=1.5e-4, word_rate=8e-4,
        authored_share=0.2, negative_share=0.1,
    )  # fmt: skip
    roads = {
        "english": replace(base, start_from=english),
        "random": replace(base, start_from=_drawn(english, transplanted, work / "drawn")),
        "transplanted": replace(base, start_from=transplanted),
        "masked": replace(base, start_from=transplanted, masked_every=1),
        "distilled": replace(base, start_from=transplanted, teacher=english, align_every=2),
        "pretrained": replace(base, base=str(pretrained), word_rate=1.5e-4, dropout=0.0, level=True),
    }
    wanted = sys.argv[8].split(",") if len(sys.argv) > 8 else list(roads)
    told = labelled(data, LINEUPS["multilingual"])
    found: dict[str, list[float]] = defaultdict(list)
    for seed in seeds:
        for road in wanted:
            run = train(replace(roads[road], seed=seed, out=work / f"{road}-{seed}"))
            read = by_set(network_of(run), read_tokenizer(run), readings_of(run), told)
            for name, of in sorted(read.items()):
                print(f"{road}\t{seed}\t{name}\t{of.macro_f1:.3f}\t{of.average_precision:.3f}", flush=True)
            found[road].append(statistics.mean(of.average_precision for of in read.values()))
    for road, means in found.items():
        spread = statistics.stdev(means) if len(means) > 1 else math.nan
        said = f"{statistics.mean(means):.3f}\tspread {spread:.3f} over {len(means)} seeds"
        print(f"{road}\tall\tmean average precision\t{said}")


def _drawn(english: Path, transplanted: Path, out: Path) -> Path:
    """The transplanted run with vectors drawn at random for every word that the English vocabulary lacks."""
    weights, tokenizer = weights_of(transplanted), read_tokenizer(transplanted)
    known = read_tokenizer(english).get_vocab()
    new = [number for word, number in tokenizer.get_vocab().items() if word not in known]
    torch.manual_seed(0)
    weights[WORDS][new] = torch.randn(len(new), weights[WORDS].shape[1]) * weights[WORDS].std()
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / WEIGHTS)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / RECORD).write_text(json.dumps(record_of(transplanted)), encoding="utf-8")
    return out


if __name__ == "__main__":
    main()
