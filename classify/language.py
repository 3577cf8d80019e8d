"""Which language a text is in, and how sure that is.

The script decides where it can (Ethiopic, Myanmar, Khmer, ...). Where several languages share a script, langdetect's
own n-gram profiles decide, read here by a plain sum of logarithms instead of its random walk: the same answer every
time, in any thread, and many times faster. Languages that langdetect lacks have profiles of ours in the same form
(`profiles/`). Knows nothing about labels or models.
"""

import functools
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNDETERMINED = "und"
PROFILES = Path(__file__).parent / "profiles"
_READ = 600  # characters that are looked at
_SMOOTHING = 0.5 / 10_000  # langdetect's own
_TEMPERATURE = 2.0  # n-grams of one word are not independent, so their sum is overconfident
_PRIOR = {"en": 4.0}  # in logarithms: short posts are more often English than any other one language
_NOISE = re.compile(r"https?://\S+|[@#]\w+|&\w+;|\d+")
_SCRIPTS = (
    ("Latin", ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0x250, 0x2AF))),
    ("Cyrillic", ((0x400, 0x52F),)),
    ("Arabic", ((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
    ("Ethiopic", ((0x1200, 0x139F), (0x2D80, 0x2DDF))),
    ("Devanagari", ((0x900, 0x97F),)),
    ("Bengali", ((0x980, 0x9FF),)),
    ("pa", ((0xA00, 0xA7F),)),
    ("gu", ((0xA80, 0xAFF),)),
    ("or", ((0xB00, 0xB7F),)),
    ("ta", ((0xB80, 0xBFF),)),
    ("te", ((0xC00, 0xC7F),)),
    ("kn", ((0xC80, 0xCFF),)),
    ("ml", ((0xD00, 0xD7F),)),
    ("si", ((0xD80, 0xDFF),)),
    ("th", ((0xE00, 0xE7F),)),
    ("lo", ((0xE80, 0xEFF),)),
    ("bo", ((0xF00, 0xFFF),)),
    ("my", ((0x1000, 0x109F), (0xAA60, 0xAA7F))),
    ("ka", ((0x10A0, 0x10FF),)),
    ("ko", ((0x1100, 0x11FF), (0xAC00, 0xD7AF))),
    ("km", ((0x1780, 0x17FF),)),
    ("el", ((0x370, 0x3FF), (0x1F00, 0x1FFF))),
    ("hy", ((0x530, 0x58F),)),
    ("he", ((0x590, 0x5FF),)),
    ("dv", ((0x780, 0x7BF),)),
    ("nqo", ((0x7C0, 0x7FF),)),
    ("zgh", ((0x2D30, 0x2D7F),)),
    ("ja", ((0x3040, 0x30FF),)),
    ("zh", ((0x3400, 0x4DBF), (0x4E00, 0x9FFF))),
)
# Letters that only one language of a shared script writes.
_TELLING = {
    "Cyrillic": {"uk": "їєґ", "be": "ў", "mk": "ѓќѕ", "sr": "ђћ", "kk": "ұқғәң", "mn": "өү", "tg": "ҳҷӣӯ"},
    "Arabic": {"ps": "ښځڅډړېۍ", "ckb": "ڕێۆڵە", "ug": "ېۇۋ", "sd": "ڪٿڏڻ", "ur": "ٹڈڑےں", "fa": "پچگژ"},
    "Bengali": {"as": "ৰৱ"},
}
_MEMBERS = {
    "Cyrillic": ("ru", "uk", "bg", "mk"),
    "Arabic": ("ar", "fa", "ur"),
    "Devanagari": ("hi", "mr", "ne"),
    "Bengali": ("bn",),
}
_TIGRINYA = frozenset("ኣቐቑቒቓቔቕቖኽኸኹ")
_TIGRINYA_WORDS = frozenset(["እዩ", "ናይ", "ኣብ", "ካብ", "ምስ", "እዮም", "ድማ", "ነቲ", "እቲ", "ናብ", "እዚ"])
_AMHARIC_WORDS = frozenset(["ነው", "ውስጥ", "እና", "ላይ", "ነበር", "ግን", "ይህ", "ወደ", "ስለ", "ናቸው", "አይደለም"])


def identify(text: str, hint: str | None = None) -> tuple[str, float]:
    """The language code and a confidence between 0 and 1; `hint` (what a source says) wins where the text is unsure."""
    sample = _NOISE.sub(" ", text[: 4 * _READ])[:_READ]
    script, share = _script(sample)
    if script is None:
        return UNDETERMINED, 0.0
    code, confidence = _within(script, sample)
    if hint and hint != code and confidence < 0.9 and hint in _members(script):
        return hint, max(0.5, 1.0 - confidence)
    return code, round(confidence * share, 4)


def _script(sample: str) -> tuple[str | None, float]:
    """The script of most letters, and the share of letters that are in it."""
    counts: Counter[str] = Counter()
    for character, times in Counter(sample).items():
        name = _script_of(character)
        if name:
            counts[name] += times
    if not counts:
        return None, 0.0
    if counts["ja"] and counts["zh"]:  # kana beside Han is Japanese
        counts["ja"] += counts.pop("zh")
    [(name, most)] = counts.most_common(1)
    return name, most / counts.total()


@functools.cache
def _script_of(character: str) -> str | None:
    if not character.isalpha() and not 0x900 <= ord(character) <= 0x1FFF:
        return None
    point = ord(character)
    return next((name for name, ranges in _SCRIPTS if any(low <= point <= high for low, high in ranges)), None)


def _within(script: str, sample: str) -> tuple[str, float]:
    """The language among those that share a script."""
    if len(script) <= 3:
        return script, 0.99
    if script == "Ethiopic":
        return _ethiopic(sample)
    letters = Counter(sample)
    for code, telling in _TELLING.get(script, {}).items():
        seen = sum(letters[letter] for letter in telling)
        if seen >= max(1, len(sample) // 80) and code not in _MEMBERS[script]:
            return code, 0.9
        if seen >= max(2, len(sample) // 60):
            return code, 0.95
    return _by_profile(sample, _members(script))


def _ethiopic(sample: str) -> tuple[str, float]:
    """Amharic or Tigrinya, by letters and little words that only one of them uses."""
    words = set(sample.split())
    tigrinya = 2 * len(words & _TIGRINYA_WORDS) + sum(sample.count(letter) for letter in _TIGRINYA)
    amharic = 2 * len(words & _AMHARIC_WORDS) + sample.count("አ") + 0.5
    code = "ti" if tigrinya > amharic else "am"
    return code, round(max(tigrinya, amharic) / (tigrinya + amharic), 4)


@functools.cache
def _members(script: str) -> tuple[str, ...]:
    """The languages with a profile that are written in this script."""
    if script in _MEMBERS:
        return _MEMBERS[script]
    if script != "Latin":
        return (script,)
    other = {code for codes in _MEMBERS.values() for code in codes}
    _, languages, _ = _profiles()
    return tuple(code for code in languages if code not in other)


def _by_profile(sample: str, among: tuple[str, ...]) -> tuple[str, float]:
    index, languages, table = _profiles()
    if sample.isupper():
        sample = sample.lower()
    found = [index[gram] for gram in _grams(sample) if gram in index]
    if not found:
        return UNDETERMINED, 0.0
    columns = [languages.index(code) for code in among]
    summed = table[found].sum(axis=0)[columns] / _TEMPERATURE  # (languages,)
    summed += np.array([_PRIOR.get(code, 0.0) for code in among])
    odds = np.exp(summed - summed.max())
    best = int(odds.argmax())
    return among[best], float(odds[best] / odds.sum())


def _grams(sample: str) -> list[str]:
    """Every run of one to three characters within words, with a space at their edges, as langdetect counts them."""
    grams: list[str] = []
    for word in sample.split():
        padded = f" {word.strip('.,!?;:()[]')} "
        grams.extend(padded[i : i + n] for n in (1, 2, 3) for i in range(len(padded) - n + 1))
    return [gram for gram in grams if gram.strip()]


@functools.cache
def _profiles() -> tuple[dict[str, int], tuple[str, ...], NDArray[np.float32]]:
    """N-gram to row, the languages, and the logarithms (n-grams, languages); read once, on first need."""
    from langdetect.detector_factory import PROFILES_DIRECTORY

    files = {path.name: path for path in sorted(Path(PROFILES_DIRECTORY).iterdir()) if path.name.isalpha()}
    files |= {path.stem: path for path in sorted(PROFILES.glob("*.json"))}
    shared = {code for codes in _MEMBERS.values() for code in codes}
    own_script = {name for name, _ in _SCRIPTS}
    languages = tuple(code for code in files if code in shared or code not in own_script)
    index: dict[str, int] = {}
    entries: list[tuple[int, int, float]] = []
    for column, code in enumerate(languages):
        profile = json.loads(files[code].read_text(encoding="utf-8"))
        for gram, count in profile["freq"].items():
            entries.append((index.setdefault(gram, len(index)), column, count / profile["n_words"][len(gram) - 1]))
    table = np.full((len(index), len(languages)), _SMOOTHING, dtype=np.float32)
    rows, columns, values = zip(*entries, strict=True)
    table[list(rows), list(columns)] += np.array(values, dtype=np.float32)
    return index, languages, np.log(table)
