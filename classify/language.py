"""Which language a text is in, and how sure that is: `und` and `mixed` are answers.

The script decides where it can (Ethiopic, Myanmar, ...). Where several languages share one, py3langid's n-grams decide,
word by word, with a prior for what a post is likely to be in; where they are unsure, langdetect, seeded, gives a second
opinion; a text that is two languages in turn is `mixed`. Measured in docs/decisions/0007-language.md. The same answer
every time, in any thread. Knows nothing about labels or models.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classify.scripts import MEMBERS, SCRIPTS, given_away, shares
from classify.switching import LEAST_WORDS, STATES, switch

UNDETERMINED = "und"
MIXED = "mixed"
ARABIZI = "ar-Latn"  # Arabic in Latin letters and digits, as chats write it
PROFILES = Path(__file__).parent / "profiles"

_READ = 600  # characters that are looked at
_NOISE = re.compile(r"https?://\S+|[@#]\w+|&\w+;|(?<!\w)\d+(?!\w)")
_EDGES = ".,!?;:()[]{}\"'`…،؟“”«»*_~-"
_ARABIZI = re.compile(r"(?=\w*[a-z]{2})(?:\w*[a-z][235679]+[a-z]*|[235679]+[a-z]\w+)\Z")
_NO_ARABIZI = re.compile(r"\d+(?:st|nd|rd|th|am|pm|km|kg|cm|mm|mb|gb|bn|yrs?|mins?|hrs?|days?|x\d*|ish)\Z|[a-z]+\d+\Z")
_CHAT_WORDS = (
    "mesh msh mish elli illi keda kda mafish mafeesh bokra naharda kifak kifik ktir kteer shu khouya khoya labas chnou "
    "wach wesh wesh hadchi daba bzaf bezaf bezzaf rabi rabbi wallah wallahi yalla yallah inchallah inshallah nchallah "
    "hamdoulah hamdolillah habibi sa7bi chkoun kifach machi allah nass hadak hadi chi rah rahom dyal tounes dz"
)
_ARABIZI_WORDS = frozenset(_CHAT_WORDS.split())
# All in units of the identifier's own evidence, which is divided by the root of the text's bytes.
_SHARPER = 1.6  # or the identifier is too modest: half sure meant four in five right
_LIKELY = {"en": 1.5, "pcm": 0.3}  # posts are more often English than any other one language
_UNLIKELY = -1.0
_RARE_NAMES = (
    "ace af an arz ary bcl br bs ca crh cy dz eo et eu ext fo fuv fy ga gcf gcr gd gl gom grc gug guw hbo ht is jv "
    "kab kik la lb lg lij ln lt ltg lv mg ms mt nn nso oc qu sa sdh se sl sn sq st tk tl uzs vec vo wa wuu xh yue zu"
)
_RARE = frozenset(_RARE_NAMES.split())
_NO_WORDS = "zxx"  # the identifier's own name for letters that are no language
_SAME = {"ary": "ar", "arz": "ar", "sdh": "ckb", "nn": "no", _NO_WORDS: UNDETERMINED}
_UNSURE = 0.6  # below this, langdetect is asked: one short post in six, one longer post in fifty
_SECOND = 0.3  # how much its word counts
_DOUBT = 0.02  # what it leaves to a language it does not name
_LEAST = 0.2  # below this no language is told at all
_SEED = 0
_TRIALS = 3  # of its random walk; seven, its own, cost twice the time and change nothing here
_SECOND_SCRIPT = 0.2  # this share of letters in another script makes a text mixed
_LEAST_LETTERS = 3  # different ones, or a text is a noise
_SIBLINGS = {"rw": "rn"}  # Kinyarwanda and Kirundi are one language to the first identifier
_SIBLING_WORDS = 12  # with fewer, their profiles are wrong one time in four
_UNHEARD = 0.2  # what a language that the first identifier lacks is given when the second names it


class Told(NamedTuple):
    """A language, how sure that is (0 to 1), and of a mixed text its two languages, the larger first."""

    code: str
    confidence: float
    parts: tuple[str, ...] = ()


class _Identifier(NamedTuple):
    """py3langid's tables: an automaton over bytes that emits features, and each feature's evidence per language."""

    languages: tuple[str, ...]
    evidence: NDArray[np.float32]  # (features, languages)
    prior: NDArray[np.float32]  # (languages,)
    walk: tuple[Any, Any, Any]  # next state, row offsets, features put out
    partners: NDArray[np.bool_]  # (languages,) that a text may mix


def identify(text: str, hint: str | None = None) -> tuple[str, float]:
    """The language code and a confidence between 0 and 1; `hint` (what a source says) wins where the text is unsure."""
    code, confidence, _ = tell(text, hint)
    return code, confidence


def tell(text: str, hint: str | None = None) -> Told:
    """The same with the parts of a mixed text."""
    sample = _NOISE.sub(" ", text[: 4 * _READ])[:_READ]
    scripts = shares(sample)
    if not scripts or len(set(sample.lower()) - set(" \n\t")) < _LEAST_LETTERS:
        return Told(UNDETERMINED, 0.0)
    script, share = scripts[0]
    if share == 1.0:
        return _within(script, sample, hint)
    told = _within(script, _only(script, sample), hint)
    for other, part in scripts[1:2]:
        second = _beside(other, _only(other, sample)) if part >= _SECOND_SCRIPT else None
        if second and told.code not in {UNDETERMINED, MIXED, second.code}:
            return Told(MIXED, round(min(told.confidence, second.confidence), 4), (told.code, second.code))
    return Told(told.code, round(told.confidence * share, 4), told.parts)


def _only(script: str, sample: str) -> str:
    """The words with a letter of this script."""
    return " ".join(word for word in sample.split() if any(name == script for name, _ in shares(word)))


def _beside(script: str, sample: str) -> Told | None:
    """What the words in a second script are in, unless they may be names alone: Latin ones stand in any text."""
    if len(sample.split()) < (3 if script == "Latin" else 2):
        return None
    told = _within(script, sample, None)
    return told if told.confidence >= 0.5 and told.code not in {UNDETERMINED, MIXED} else None


def _within(script: str, sample: str, hint: str | None) -> Told:
    """The language among those that share a script."""
    certain = given_away(script, sample)
    if certain:
        return Told(*certain)
    words = [word for word in (word.strip(_EDGES) for word in sample.lower().split()) if word]
    if script == "Latin" and _is_arabizi(words):
        return Told(ARABIZI, 0.7)
    return _by_evidence(script, words, hint)


def _is_arabizi(words: Sequence[str]) -> bool:
    """Arabic in chat letters: digits stand for sounds, among words that only such posts write."""
    digits = sum(bool(_ARABIZI.match(word)) and not _NO_ARABIZI.match(word) for word in words)
    score = 2 * digits + sum(word in _ARABIZI_WORDS for word in words)
    return score >= 3 and score >= 0.3 * len(words)


def _by_evidence(script: str, words: Sequence[str], hint: str | None) -> Told:
    known = _identifier()
    counts = [_features(known, word) for word in words]
    features = np.array([feature for found in counts for feature in found], dtype=np.intp)
    if not len(features):
        return Told(UNDETERMINED, 0.0)
    times = np.array([count for found in counts for count in found.values()], dtype=np.float32)
    scale = 1.0 / math.sqrt(sum(len(word.encode("utf-8", "surrogatepass")) + 1 for word in words))
    columns = _columns(script)
    seen, place = np.unique(features, return_inverse=True)
    summed = np.log1p(np.bincount(place, weights=times)) @ known.evidence[seen] * scale  # (languages,)
    summed = (summed + known.prior)[columns]
    ranked = [columns[one] for one in np.argsort(-summed, kind="stable")]
    if len(words) >= LEAST_WORDS and known.languages[ranked[0]] not in _RARE:
        states = [column for column in ranked if known.partners[column]][:STATES]
        said = np.log1p(times)[:, None] * known.evidence[features[:, None], states] * scale  # (features, states)
        word_of = np.repeat(np.arange(len(words)), [len(found) for found in counts])
        by_word = np.zeros((len(words), len(states)))
        np.add.at(by_word, word_of, said)
        both = switch(by_word, words)
        if both:
            parts = tuple(known.languages[states[place]] for place in both.places)
            return Told(MIXED, round(both.confidence, 4), tuple(_SAME.get(part, part) for part in parts))
    odds = np.exp(_SHARPER * (summed - summed.max()))
    share: dict[str, float] = {}
    for column, odd in zip(columns, (odds / odds.sum()).tolist(), strict=True):
        code = _SAME.get(known.languages[column], known.languages[column])
        share[code] = share.get(code, 0.0) + odd
    return _decided(share, words, hint)


def _decided(share: dict[str, float], words: Sequence[str], hint: str | None) -> Told:
    """The likeliest language, after a second opinion where the first is unsure, and after the source's hint."""
    text = " ".join(words)
    if max(share.values()) < _UNSURE:
        share = _with_second(share, text)
    code = max(share, key=lambda code: share[code])
    confidence = round(share[code], 4)
    if code in _SIBLINGS and len(words) >= _SIBLING_WORDS:
        code = _sibling(code, text)
    if hint and hint != code and confidence < 0.9 and hint in share:
        return Told(hint, max(0.5, 1.0 - confidence))
    return Told(code, confidence) if confidence >= _LEAST else Told(UNDETERMINED, confidence)


def _with_second(share: dict[str, float], text: str) -> dict[str, float]:
    """Langdetect's word counts a little where the first opinion is unsure: a geometric mean."""
    said = _say(text)
    if not said:
        return share
    share = {ARABIZI: _UNHEARD, **share} if ARABIZI in said else share
    weighed = {code: value * (said.get(code, 0.0) + _DOUBT) ** _SECOND for code, value in share.items()}
    total = sum(weighed.values())
    return {code: value / total for code, value in weighed.items()}


def _sibling(code: str, text: str) -> str:
    """Which of two languages that the first cannot tell apart, by our own profiles of both."""
    said = _say(text, dict.fromkeys((code, _SIBLINGS[code]), 0.5))
    return max(said, key=lambda one: said[one]) if said else code


def _say(text: str, prior: dict[str, float] | None = None) -> dict[str, float]:
    """Langdetect's probabilities above a tenth; none where no n-gram of the text is in its profiles."""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _second().create()
    detector.append(text)
    detector.n_trial = _TRIALS
    if prior:
        detector.set_prior_map(prior)
    try:
        return {found.lang: found.prob for found in detector.get_probabilities()}
    except LangDetectException:
        return {}


@functools.cache
def _second() -> Any:
    """Langdetect with its own profiles and ours for languages it lacks, seeded: it draws n-grams at random."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    # Without those that a script gives away: most of their n-grams are Han, and they would take most of the memory.
    alone = {name for name, _ in SCRIPTS}
    paths = (path for path in sorted(Path(PROFILES_DIRECTORY).iterdir()) if path.is_file() and not path.suffix)
    files = {path.name: path for path in paths if path.name.partition("-")[0] not in alone}
    files |= {path.stem: path for path in sorted(PROFILES.glob("*.json"))}
    factory = DetectorFactory()
    factory.seed = _SEED
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in files.values()])
    return factory


@functools.cache
def _identifier() -> _Identifier:
    """The tables of py3langid's model; read once, on first need."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    read = LanguageIdentifier.from_model_file(MODEL_FILE)
    languages = tuple(read.nb_classes)
    prior = np.array([_LIKELY.get(c, _UNLIKELY if c in _RARE else 0.0) for c in languages], dtype=np.float32)
    partners = np.array([c not in _RARE and c not in {"pcm", _NO_WORDS} for c in languages])
    walk = (read.tk_nextmove, [row << 8 for row in read.tk_row], read.tk_output)
    return _Identifier(languages, read.nb_ptc, prior, walk, partners)


def _features(known: _Identifier, word: str) -> dict[int, int]:
    from py3langid.langid import visit_counts

    inner = unicodedata.normalize("NFC", f" {word} ").encode("utf-8", "surrogatepass")
    return visit_counts(*known.walk, inner) or {}


@functools.cache
def _mask(script: str) -> NDArray[np.bool_]:
    """(languages,) that are written in this script."""
    elsewhere = {code for name, codes in MEMBERS.items() if name != script for code in codes} - {"sr"}
    languages = _identifier().languages
    return np.array([c in MEMBERS[script] if script in MEMBERS else c not in elsewhere for c in languages])


@functools.cache
def _columns(script: str) -> list[int]:
    """The columns of those languages."""
    return np.flatnonzero(_mask(script)).tolist()
