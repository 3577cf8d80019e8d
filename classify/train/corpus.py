"""Every text that training may see, labelled or not, by language: for vocabularies and masked-language training.

No evaluation file is read, no news that a report or a threshold is measured on, no set whose licence forbids weights.
"""

from collections import defaultdict
from pathlib import Path

from classify.rows import read
from classify.train import parallel
from classify.train.rows import NEGATIVES, NTREX, clean, kept_apart

LONGEST = 1_500  # characters of one text
UNLABELLED = ("afrisenti",)
BARRED = ("myhatespeech",)  # a licence that forbids weights trained on it
LANGUAGE = {"amh": "am", "arb": "ar", "eng-US": "en", "fra": "fr", "hau": "ha", "hin": "hi"} | {
    "kin": "rw", "orm": "om", "som": "so", "spa": "es", "swa": "sw", "tir": "ti",
}  # fmt: skip


def corpus(data: Path) -> dict[str, list[str]]:
    """Texts by language, as the model reads them."""
    found: dict[str, list[str]] = defaultdict(list)
    files = [path for path in sorted((data / "train").glob("*.jsonl.gz")) if path.name.split(".")[0] not in BARRED]
    files += [data / "negatives" / f"{name}.jsonl.gz" for name in NEGATIVES]
    files += [data / "unlabelled" / f"{name}.jsonl.gz" for name in UNLABELLED]
    for path in files:
        name = path.name.split(".")[0]
        for row in read(path):
            if name in NEGATIVES and kept_apart(name, row["id"]):
                continue
            text = clean(row["text"][:LONGEST])
            if text:
                found[row["lang"]].append(text)
    for file, code in LANGUAGE.items():
        every = enumerate(parallel.sentences(data, file))
        found[code] += [sentence for number, sentence in every if not kept_apart(NTREX, f"{NTREX}:{number}")]
    return dict(found)
