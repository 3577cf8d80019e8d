"""Roads to a model for other languages, each given the same minutes of one core: which reads public sets best.

All but the last begin with the English model that ships; its body of six layers is the same on their roads:

- `english`: its own vocabulary, which cuts other languages into letters
- `random`: the vocabulary of the bundled multilingual model, vectors of words that English lacks drawn at random
- `transplanted`: the same with vectors by translation and neighbourhood (`python -m classify.train.vocabulary`)
- `masked`: transplanted, and one masked-language step for each labelled one
- `distilled`: transplanted, and one step in two on translations that shall become what the English model made of them
- `pretrained`: a body of twelve layers that has read a hundred languages (`python -m classify.train.e5`)

Prints `road<TAB>seed<TAB>set<TAB>macro-F1<TAB>average precision` of each set's own reading at one half on its
development rows (n-grams, gate and calibration left out: the network alone), then the sets' mean average precision and
its spread for each road. Floors are in `classify/train/lineup.py`. A few minutes tell which road starts best, not where
each ends.

Run: python bench/roads.py DATA TRANSPLANTED PRETRAINED WORK [MINUTES] [SEED,SEED...] [ROAD,ROAD...]
TRANSPLANTED is what `classify.train.vocabulary` wrote, PRETRAINED what `classify.train.e5` did.
"""

import json
import math
import statistics
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from safetensors.torch import save_file

from classify.calibration import average_precision, macro_f1
from classify.checkpoint import BUNDLED
from classify.model import Network, Shape
from classify.train import rows
from classify.train.batches import collate
from classify.train.earlier import RECORD, WEIGHTS, read_tokenizer, record_of, weights_of
from classify.train.lineup import LINEUPS
from classify.train.run import TrainOptions, train

WORDS = "embeddings.word_embeddings.weight"
LINEUP = LINEUPS["multilingual"]
FIRST = 24  # logits before those of the readings: eight signals, four stages, four stances, eight targets
FEWEST = 100  # development rows of a set with fewer tell little
MOST = 400  # development rows of one set
ROWS = 24  # read together


def main() -> None:
    """Train every road with every seed, and print how each reads."""
    data, transplanted, pretrained, work = (Path(argument) for argument in sys.argv[1:5])
    minutes = float(sys.argv[5]) if len(sys.argv) > 5 else 4.0
    seeds = [int(seed) for seed in (sys.argv[6] if len(sys.argv) > 6 else "1,2,3").split(",")]
    base = TrainOptions(
        data, work, "multilingual", rows=2_000_000, minutes=minutes, learning_rate=1.5e-4, word_rate=8e-4,
        authored_share=0.2, negative_share=0.1,
    )  # fmt: skip
    roads = {
        "english": replace(base, start_from=BUNDLED),
        "random": replace(base, start_from=_drawn(transplanted, work / "drawn")),
        "transplanted": replace(base, start_from=transplanted),
        "masked": replace(base, start_from=transplanted, masked_every=1),
        "distilled": replace(base, start_from=transplanted, teacher=BUNDLED, align_every=2),
        "pretrained": replace(base, base=str(pretrained), word_rate=1.5e-4, dropout=0.0, level=True),
    }
    wanted = sys.argv[7].split(",") if len(sys.argv) > 7 else list(roads)
    found: dict[str, list[float]] = defaultdict(list)
    for seed in seeds:
        for road in wanted:
            run = train(replace(roads[road], seed=seed, out=work / f"{road}-{seed}"))
            read = _read(run, data)
            for name, (f1, precision) in sorted(read.items()):
                print(f"{road}\t{seed}\t{name}\t{f1:.3f}\t{precision:.3f}", flush=True)
            found[road].append(statistics.mean(precision for _, precision in read.values()))
    for road, means in found.items():
        spread = statistics.stdev(means) if len(means) > 1 else math.nan
        said = f"{statistics.mean(means):.3f}\tspread {spread:.3f} over {len(means)} seeds"
        print(f"{road}\tall\tmean average precision\t{said}")


def _drawn(transplanted: Path, out: Path) -> Path:
    """The transplanted run with vectors drawn at random for every word that the English vocabulary lacks."""
    weights, tokenizer = weights_of(transplanted), read_tokenizer(transplanted)
    english = read_tokenizer(BUNDLED).get_vocab()
    new = [number for word, number in tokenizer.get_vocab().items() if word not in english]
    torch.manual_seed(0)
    weights[WORDS][new] = torch.randn(len(new), weights[WORDS].shape[1]) * weights[WORDS].std()
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / WEIGHTS)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / RECORD).write_text(json.dumps(record_of(transplanted)), encoding="utf-8")
    return out


@torch.inference_mode()
def _read(run: Path, data: Path) -> dict[str, tuple[float, float]]:
    """(macro-F1, average precision) of every set's own reading, by set and language."""
    network = Network(Shape(**record_of(run)["shape"]))
    network.load_state_dict(weights_of(run))
    network.eval()
    tokenizer = read_tokenizer(run)
    columns = {name: FIRST + number for number, (name, *_) in enumerate(LINEUP.readings)}
    of_sets = [row for language in LINEUP.judges for row in rows.development(data, LINEUP, language, MOST)]
    told = [row for row in of_sets if row.reading and not math.isnan(row.answer)]
    told.sort(key=lambda row: len(row.text))
    judged: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for first in range(0, len(told), ROWS):
        group = told[first : first + ROWS]
        batch = collate(group, [encoding.ids for encoding in tokenizer.encode_batch([row.text for row in group])])
        logits = torch.cat(network(batch.ids, batch.mask), dim=1)
        for row, of in zip(group, logits.tolist(), strict=True):
            said, true = judged[row.reading]
            said.append(of[columns[row.reading]])
            true.append(row.answer)
    return {
        name: (
            macro_f1(np.array(said) > 0, np.array(true, dtype=int)),
            average_precision(np.array(said), np.array(true, dtype=int)),
        )
        for name, (said, true) in judged.items()
        if len(true) >= FEWEST
    }


if __name__ == "__main__":
    main()
