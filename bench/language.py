"""Measure language identification: which library is right how often, and how fast (docs/decisions/0007-language.md).

`python bench/language.py [SENTENCES]` prints `name<TAB>value` lines. SENTENCES is a JSON Lines file (.gz too) of rows
with `text` and `lang`, read for reporting only; without it only our own posts (`language_posts.tsv`) are measured.
pycld2 is measured where it is installed; the product does not need it.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from classify.language import identify
from classify.rows import read

POSTS = Path(__file__).parent / "language_posts.tsv"
# langdetect reads a few hundred sentences a second, so it gets every tenth.
SPARED = {"langdetect": 10}


def main() -> None:
    """Print accuracy and texts per CPU-second of each contender on each part."""
    parts = posts()
    if len(sys.argv) > 1:
        parts["sentences"] = [({row["lang"]}, row["text"]) for row in read(Path(sys.argv[1]))]
    for name, contender in contenders().items():
        contender("The first text loads the tables.")
        for part, rows in parts.items():
            chosen = rows[:: SPARED.get(name, 1)] if part == "sentences" else rows
            began = time.process_time()
            right = sum(alike(contender(text), answers) for answers, text in chosen)
            spent = time.process_time() - began
            print(f"language.{part}.{name}.right\t{right / len(chosen):.3f}")
            if part == "sentences":
                print(f"language.{part}.{name}.per_s\t{len(chosen) / max(spent, 1e-9):.0f}")


def posts() -> dict[str, list[tuple[set[str], str]]]:
    """Our own posts by kind, each with the answers that are right."""
    kinds: dict[str, list[tuple[set[str], str]]] = {}
    for line in POSTS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, answers, text = line.split("\t")
            kinds.setdefault(kind, []).append((set(answers.split("|")), text))
    return kinds


def alike(code: str, answers: set[str]) -> bool:
    """Whether the answer is right; Norwegian has three names, Chinese two, Hebrew an old one."""
    same = {"nb": "no", "nn": "no", "zh-cn": "zh", "zh-tw": "zh", "zh-Hant": "zh", "iw": "he", "un": "und"}
    return same.get(code, code) in {same.get(answer, answer) for answer in answers}


def contenders() -> dict[str, Callable[[str], str]]:
    """Each library as it comes, and ours."""
    from langdetect import DetectorFactory, LangDetectException, detect
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    DetectorFactory.seed = 0
    plain = LanguageIdentifier.from_model_file(MODEL_FILE)

    def with_langdetect(text: str) -> str:
        try:
            return str(detect(text))
        except LangDetectException:
            return "und"

    found: dict[str, Callable[[str], str]] = {
        "tocsin": lambda text: identify(text)[0],
        "py3langid": lambda text: str(plain.classify(text)[0]),
        "langdetect": with_langdetect,
    }
    try:
        import pycld2
    except ImportError:
        return found

    def with_pycld2(text: str) -> str:
        try:
            return str(pycld2.detect(text)[2][0][1])
        except pycld2.error:  # it refuses some letters
            return "und"

    return found | {"pycld2": with_pycld2}


if __name__ == "__main__":
    main()
