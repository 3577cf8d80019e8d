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

ARABIZI = "ar-Latn"  # Arabic in Latin letters: the everyday Arabic posts that are mostly that
LANGUAGES = (
    "ha",
    "yo",
    "ig",
    "om",
    "rw",
    "rn",
    ARABIZI,
    "sw",
    "so",
)  # the last two replace thin profiles of langdetect
PARALLEL = {"ha": "hau", "om": "orm", "rw": "kin", "sw": "swa", "so": "som"}
MOST = 2_000


def texts(data: Path, language: str) -> list[str]:
    """Every text of a language that a profile may be counted from."""
    if language == ARABIZI:
        posts = (row["text"] for row in read(data / "unlabelled" / "afrisenti.jsonl.gz") if row["lang"] == "ar")
        return [post for post in posts if _mostly_latin(post)]
    found = [
        row["text"][:3000] for row in read(data / "negatives" / "masakhane_news.jsonl.gz") if row["lang"] == language
    ]
    found += [row["text"] for row in read(data / "unlabelled" / "afrisenti.jsonl.gz") if row["lang"] == language][:6000]
    if language in PARALLEL:
        found += (data / "parallel" / f"{PARALLEL[language]}.txt").read_text(encoding="utf-8").splitlines()
    return found


def _mostly_latin(post: str) -> bool:
    """Whether most letters are Latin, links and handles apart."""
    letters = [c for word in post.split() if word[0] not in "@#" and "://" not in word for c in word if c.isalpha()]
    return len(letters) >= 12 and sum(c.isascii() for c in letters) > 0.8 * len(letters)


def profile(found: list[str], *, digits: bool = False) -> dict[str, object]:
    """Counts of the most frequent n-grams, and how many there were of each length."""
    counts: Counter[str] = Counter()
    total = [0, 0, 0]
    for text in found:
        for word in text.split():
            plain = word.strip(".,!?\"'()")
            if not (plain.isalpha() or (digits and plain.isalnum() and not plain.isdigit())):
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
        found, digits = texts(data, language), language == ARABIZI  # its digits are letters
        told = profile([text.lower() for text in found] if digits else found, digits=digits) | {"name": language}
        (PROFILES / f"{language}.json").write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
