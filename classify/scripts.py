"""Writing systems: which one a text is in, and the languages that a script or a letter alone gives away.

Pure tables and counting; no library, no statistics. A name of three letters or fewer in `SCRIPTS` is the one language
that the product expects in that script.
"""

import functools
from collections import Counter

SCRIPTS = (
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
# Languages of the scripts that several share; whatever is in none of these is written in Latin letters here.
MEMBERS = {
    "Cyrillic": ("ru", "uk", "bg", "mk", "sr", "be", "kk", "ky", "mn", "tg", "tt", "ba"),
    "Arabic": ("ar", "ary", "arz", "fa", "ur", "ps", "ug", "sd", "ckb", "sdh"),
    "Devanagari": ("hi", "mr", "ne"),
    "Bengali": ("bn", "as"),
}
# Letters of languages that the identifier lacks, and that no other language of the script writes.
_TELLING = {"Arabic": {"ckb": "ڕێۆڵە", "sd": "ڪٿڏڻ"}}
_TIGRINYA = frozenset("ኣቐቑቒቓቔቕቖኽኸኹ")
_TIGRINYA_WORDS = frozenset(["እዩ", "ናይ", "ኣብ", "ካብ", "ምስ", "እዮም", "ድማ", "ነቲ", "እቲ", "ናብ", "እዚ"])
_AMHARIC_WORDS = frozenset(["ነው", "ውስጥ", "እና", "ላይ", "ነበር", "ግን", "ይህ", "ወደ", "ስለ", "ናቸው", "አይደለም"])


def shares(sample: str) -> list[tuple[str, float]]:
    """Each script that letters of the sample are in, with its share of them, the largest first."""
    counts: Counter[str] = Counter()
    for character, times in Counter(sample).items():
        name = _script_of(character)
        if name:
            counts[name] += times
    if counts["ja"] and counts["zh"]:  # kana beside Han is Japanese
        counts["ja"] += counts.pop("zh")
    total = counts.total()
    return [(name, times / total) for name, times in counts.most_common() if times]


@functools.cache
def _script_of(character: str) -> str | None:
    if not character.isalpha() and not 0x900 <= ord(character) <= 0x1FFF:
        return None
    point = ord(character)
    return next((name for name, ranges in SCRIPTS if any(low <= point <= high for low, high in ranges)), None)


def given_away(script: str, sample: str) -> tuple[str, float] | None:
    """The language and a confidence, where script, letters or little words decide; None where several are possible."""
    if len(script) <= 3:
        return script, 0.99
    if script == "Ethiopic":
        return _ethiopic(sample)
    letters = Counter(sample)
    for code, telling in _TELLING.get(script, {}).items():
        if sum(letters[letter] for letter in telling) >= max(2, len(sample) // 60):
            return code, 0.9
    return None


def _ethiopic(sample: str) -> tuple[str, float]:
    """Amharic or Tigrinya, by letters and little words that only one of them uses."""
    words = set(sample.split())
    tigrinya = 2 * len(words & _TIGRINYA_WORDS) + sum(sample.count(letter) for letter in _TIGRINYA)
    amharic = 2 * len(words & _AMHARIC_WORDS) + sample.count("አ") + 0.5
    code = "ti" if tigrinya > amharic else "am"
    return code, round(max(tigrinya, amharic) / (tigrinya + amharic), 4)
