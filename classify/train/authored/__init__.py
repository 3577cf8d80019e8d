"""Our own texts: hand-written templates and a small grammar, for what no public set teaches. See README.md."""

from collections.abc import Iterator, Sequence

from classify.rows import Labelled
from classify.train.authored.grammar import Authored, Grammar
from classify.train.authored.groups import Split
from classify.train.rows import UNKNOWN, Row, clean
from models.codebook import SIGNALS, STANCES, TARGETS


def texts(
    split: Split, seed: int, per_core: int = 16, per_wrapper: int = 60, languages: Sequence[str] = ("en",)
) -> Iterator[Authored]:
    """The texts of one split, the same for the same seed; no two alike. Languages: those of `grammar.languages()`."""
    seen = set()
    for language in languages:
        for text in Grammar(split, seed, language).texts(per_core, per_wrapper):
            if text.text not in seen:
                seen.add(text.text)
                yield text


def rows(
    split: Split, seed: int, per_core: int = 16, per_wrapper: int = 60, languages: Sequence[str] = ("en",)
) -> list[Row]:
    """The same as training rows."""
    return [row(text) for text in texts(split, seed, per_core, per_wrapper, languages)]


def held_out(seed: int = 3, languages: Sequence[str] = ("en",)) -> list[Labelled]:
    """The test split as labelled rows: wordings and group names that no model was trained on.

    Three texts of a template: what a figure rests on is how many templates there are, and more of each only take time.
    """
    return [_labelled(text) for text in texts("test", seed, per_core=3, per_wrapper=10, languages=languages)]


def kept_apart(language: str, seed: int = 3) -> list[Labelled]:
    """Labelled rows of the file that shares neither wording nor situation with a trained line; no two alike.

    Empty where a language has none.
    """
    made = {text.text: text for text in Grammar("test", seed, language).apart(per_core=4)}
    return [_labelled(text) for text in made.values()]


def _labelled(text: Authored) -> Labelled:
    meaning = text.meaning
    return Labelled(
        text=text.text,
        labels={key: int(key in meaning.signals) for key in SIGNALS if key not in meaning.unknown},
        language=text.language,
        hateful=bool(meaning.signals) and meaning.stance == "asserts",
        functionality=text.genre,
        stance=meaning.stance,
        stage=meaning.stage,
    )


def row(authored: Authored) -> Row:
    """One authored text as a training row; a signal nobody marked is 0, one marked `?` is unknown.

    So are the targets of a hostile text that takes its group from no slot.
    """
    meaning = authored.meaning
    signals = tuple(1.0 if s in meaning.signals else UNKNOWN if s in meaning.unknown else 0.0 for s in SIGNALS)
    stage = (UNKNOWN,) * 4 if meaning.stage is None else tuple(float(meaning.stage >= s) for s in (1, 2, 3, 4))
    named = authored.target is not None or not meaning.signals
    targets = tuple(float(key == authored.target) if named else UNKNOWN for key in TARGETS)
    stance = STANCES.index(meaning.stance)
    return Row(clean(authored.text), signals, stage, stance, targets, 1.0, "authored", authored.template)
