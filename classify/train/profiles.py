"""Language profiles for what langdetect lacks: counts of 1- to 3-grams, in langdetect's own form.

Run as `python -m classify.train.profiles DATA`; reads the news negatives, the parallel news and the everyday posts of
DATA, and never an evaluation file.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from classify.language import PROFILES
from classify.rows import read

LANGUAGES = ("ha", "yo", "ig", "om", "rw", "rn", "sw", "so")  # the last two replace thin profiles of langdetect
PARALLEL = {"ha": "hau", "om": "orm", "rw": "kin", "sw": "swa", "so": "som"}
MOST = 2_000


def texts(data: Path, language: str) -> list[str]:
    """Every text of a language that a profile may be counted from."""
    found = [
        row["text"][:3000] for row in read(data / "negatives" / "masakhane_news.jsonl.gz") if row["lang"] == language
    ]
    found += [row["text"] for row in read(data / "unlabelled" / "afrisenti.jsonl.gz") if row["lang"] == language][:6000]
    if language in PARALLEL:
        found += (data / "parallel" / f"{PARALLEL[language]}.txt").read_text(encoding="utf-8").splitlines()
    return found


def profile(found: list[str]) -> dict[str, object]:
    """Counts of the most frequent n-grams, and how many there were of each length."""
    counts: Counter[str] = Counter()
    total = [0, 0, 0]
    for text in found:
        for word in text.split():
            if not word.strip(".,!?\"'()").isalpha():
                continue
            padded = f" {word.strip('.,!?()')} "
            for length in (1, 2, 3):
                grams = [padded[i : i + length] for i in range(len(padded) - length + 1)]
                kept = [gram for gram in grams if gram.strip()]
                counts.update(kept)
                total[length - 1] += len(kept)
    return {"freq": dict(counts.most_common(MOST)), "n_words": total}


def main() -> None:
    """Write one file per language."""
    data = Path(sys.argv[1])
    PROFILES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        told = profile(texts(data, language)) | {"name": language}
        (PROFILES / f"{language}.json").write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
