"""How the public sets that cannot be bundled say what they say, in the codebook's words. Pure: rows in, rows out.

A label that a set does not give is absent, never 0. docs/languages.md has the same mappings as a table.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classify.errors import BadTrainingData
from models.codebook import SIGNALS, STANCES

Cells = Mapping[str, str]
NOTHING = {
    "dehumanization": 0, "incitement": 0, "extremist_narrative": 0, "discrimination": 0, "impunity": 0,
    "hate_speech": 0,
}  # fmt: skip
LONGEST = 20_000  # characters of one text; a quote that never closes swallows whole files
AFRIHATE_LANGUAGES = {
    "amh": "am", "arq": "ar", "ary": "ar", "hau": "ha", "ibo": "ig", "kin": "rw", "orm": "om", "pcm": "en-NG",
    "som": "so", "swa": "sw", "tir": "ti", "twi": "tw", "xho": "xh", "yor": "yo", "zul": "zu",
}  # fmt: skip
_DGHS_TYPES: dict[str, dict[str, int]] = {
    "animosity": {"dehumanization": 0, "incitement": 0},
    "derogation": {"dehumanization": 0, "incitement": 0},
    "dehumanization": {"dehumanization": 1, "incitement": 0},
    "threatening": {"incitement": 1, "dehumanization": 0},
    "support": {"extremist_narrative": 1, "dehumanization": 0, "incitement": 0},
    "notgiven": {},
}
_MHS_TARGETS = {
    "target_race": "ethnicity_race", "target_origin": "nationality_migration", "target_religion": "religion",
    "target_gender": "gender", "target_sexuality": "sexuality_gender_identity", "target_disability": "disability",
}  # fmt: skip
_TARGET_WORDS = {  # words that `classify.train.rows.targets_of` knows
    "ethnicity_race": "race", "nationality_migration": "migrants", "religion": "religion", "gender": "gender",
    "sexuality_gender_identity": "sexual", "disability": "disability",
}  # fmt: skip


class BadRow(ValueError):
    """A row that does not say what its set's rows say; the message is why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file as it came, with where it begins."""

    number: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class Format:
    """One set: what it needs, how a row of it is read, and how it is used in training."""

    columns: tuple[str, ...]
    read: Callable[[Cells, str], dict[str, Any]]
    language: str | None  # None where the operator says which
    licence: str
    passes: float = 1.0
    weight: float = 1.0
    replaces: str | None = None  # a bundled set with the same rows and fewer labels
    gather: Callable[[Iterator[Line]], Iterator[Line]] | None = field(default=None)


def dghs(cells: Cells, _language: str) -> dict[str, Any]:
    """Dynamically Generated Hate Speech: `text label type target split`."""
    label, kind = cells["label"].lower(), cells["type"].lower().replace(" ", "")
    if label == "nothate":
        return _row(cells["text"], dict(NOTHING), split=cells.get("split"), raw="none")
    if label != "hate":
        raise BadRow(f"label is {label!r}, not hate or nothate")
    if kind not in _DGHS_TYPES:
        raise BadRow(f"type {kind!r} is unknown")
    labels = {"hate_speech": 1} | _DGHS_TYPES[kind]
    return _row(cells["text"], labels, split=cells.get("split"), raw=kind, target=cells.get("target", ""))


def reviewed(line: str) -> dict[str, Any]:
    """A line of Tocsin's own export of reviewed texts. Raises BadRow."""
    try:
        row = json.loads(line)
        text, labels = row["text"], row["labels"]
        good = bool(text.strip()) and set(labels) <= set(SIGNALS) and set(labels.values()) <= {0, 1}
        good = good and isinstance(row["lang"], str) and row.get("split") in {"train", "dev"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRow("it is no line of GET /v1/export/training") from error
    if not good or row.get("stance", "asserts") not in STANCES or row.get("stage", 0) not in range(5):
        raise BadRow("a label, stance, stage or split is none of the codebook's")
    return dict(row)


def kenya(cells: Cells, _language: str) -> dict[str, Any]:
    """HateSpeech_Kenya: `Tweet Class`, 0 neither, 1 offensive, 2 hate."""
    kind = cells["class"].removesuffix(".0")
    if kind not in {"0", "1", "2"}:
        raise BadRow(f"Class is {kind!r}, not 0, 1 or 2")
    # An insult without a group is no hate speech by the codebook; of the other signals it says nothing.
    labels = {"0": dict(NOTHING), "1": {"hate_speech": 0}, "2": {"hate_speech": 1}}[kind]
    return _row(cells["tweet"], labels, raw=kind)


def afrihate(cells: Cells, language: str) -> dict[str, Any]:
    """AfriHate: `tweet label`, Normal, Abuse or Hate; one language a file."""
    kind = cells["label"].lower()
    labels = {"normal": dict(NOTHING), "abuse": {"hate_speech": 0}, "abusive": {"hate_speech": 0}}
    labels["hate"] = {"hate_speech": 1}
    if kind not in labels:
        raise BadRow(f"label is {kind!r}, not Normal, Abuse or Hate")
    made = _row(cells["tweet"], labels[kind], split=cells.get("split"), raw=kind, target=cells.get("target", ""))
    # More than half of the Swahili rows are near-copies of machine-translated tweets from elsewhere.
    return made | ({"note": "partly machine-translated"} if language == "sw" else {})


def measuring(cells: Cells, _language: str) -> dict[str, Any]:
    """Measuring Hate Speech: one comment, its annotators' answers averaged by `averaged`."""
    score = _number(cells, "hate_speech_score")
    if -1.0 <= score <= 0.5:
        raise BadRow("")  # its authors call this range ambiguous: left out without a complaint
    labels = dict(NOTHING) if score < -1.0 else {"hate_speech": 1}
    if score > 0.5:
        for signal, answer in (("dehumanization", cells["dehumanize"]), ("incitement", _violent(cells))):
            agreed = float(answer)
            if agreed >= 3.0 or agreed <= 1.0:  # of 0 to 4; between them the annotators did not agree
                labels[signal] = int(agreed >= 3.0)
    named = [key for column, key in _MHS_TARGETS.items() if cells.get(column) == "true"]
    return _row(cells["text"], labels, raw=f"{score:.2f}", target=" ".join(_TARGET_WORDS[key] for key in named))


def averaged(lines: Iterator[Line]) -> Iterator[Line]:
    """One line for each comment out of one for each of its annotators: means, and targets that half of them named.

    Raises BadTrainingData when an answer falls while the hate score rises: the file then counts it the other way round.
    """
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.cells["comment_id"], []).append(line)
    made: list[Line] = []
    answers = ("hate_speech_score", "dehumanize", "violence", "genocide")
    for key, group in groups.items():
        cells = {"comment_id": key, "text": group[0].cells["text"]}
        try:
            cells |= {name: str(sum(_number(one.cells, name) for one in group) / len(group)) for name in answers}
        except BadRow:
            cells |= {name: group[0].cells[name] for name in answers}  # the reader of the row says what is wrong
        for column in _MHS_TARGETS:
            said = sum(one.cells.get(column, "").lower() in {"true", "1", "1.0"} for one in group)
            cells[column] = "true" if 2 * said >= len(group) and said else "false"
        made.append(Line(group[0].number, cells))
    _same_direction(made, answers[1:])
    yield from made


def _same_direction(lines: Sequence[Line], answers: Sequence[str]) -> None:
    rated = [line.cells for line in lines if _is_number(line.cells["hate_speech_score"])]
    for name in answers:
        high = [float(c[name]) for c in rated if float(c["hate_speech_score"]) > 0.5 and _is_number(c[name])]
        low = [float(c[name]) for c in rated if float(c["hate_speech_score"]) < -1.0 and _is_number(c[name])]
        if high and low and sum(high) / len(high) < sum(low) / len(low):
            raise BadTrainingData(f"{name} falls as hate_speech_score rises: this file counts its answers otherwise.")


def _violent(cells: Cells) -> str:
    return max(cells["violence"], cells["genocide"], key=float)


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e6
    except ValueError:
        return False


def _number(cells: Cells, name: str) -> float:
    if not _is_number(cells[name]):
        raise BadRow(f"{name} is no number")
    return float(cells[name])


def _row(text: str, labels: dict[str, int], *, raw: str, split: str | None = None, target: str = "") -> dict[str, Any]:
    if not text.strip():
        raise BadRow("there is no text")
    if len(text) > LONGEST:
        raise BadRow(f"the text has {len(text):,} characters; a quotation mark may be missing")
    made: dict[str, Any] = {"text": text, "labels": labels, "raw_label": raw}
    if target.lower() not in {"", "none", "notgiven", "notargetrecorded", "nan"}:
        made["target"] = target
    return made | ({"split": split.lower()} if split else {})


FORMATS = {
    "dghs_types": Format(("text", "label", "type"), dghs, "en", "CC BY 4.0", replaces="dghs"),
    "hatespeech_kenya": Format(("tweet", "class"), kenya, "en-sw", "see its page", passes=0.5, weight=0.5),
    "afrihate": Format(("tweet", "label"), afrihate, None, "see its page", passes=0.5),
    "measuring_hate_speech": Format(
        ("comment_id", "text", "hate_speech_score", "dehumanize", "violence", "genocide"),
        measuring, "en", "CC BY 4.0", passes=0.5, replaces="mhs_binary", gather=averaged,
    ),
}  # fmt: skip


def lines_of(path: Path, needed: Sequence[str], bad: Callable[[int, str], None]) -> Iterator[Line]:
    """The rows of a CSV, TSV or JSON Lines file, columns in lower case; what is no row is told to `bad`.

    Raises BadTrainingData when a column is missing.
    """
    csv.field_size_limit(10 * 1024 * 1024)
    # What is not UTF-8 becomes lone surrogates, so that one bad byte costs one row.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        if path.suffix in {".jsonl", ".json"}:
            yield from _objects(path, file, needed, bad)
            return
        reader = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        names = [name.strip().lower() for name in next(reader, [])]
        _must_have(path, names, needed)
        while True:
            number = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                bad(number, str(error))
                continue
            if len(row) != len(names):
                if row:
                    bad(number, f"it has {len(row)} columns, the header {len(names)}")
            elif any("\udc80" <= character <= "\udcff" for cell in row for character in cell):
                bad(number, "it is not UTF-8")
            else:
                yield Line(number, dict(zip(names, (cell.strip() for cell in row), strict=True)))


def _objects(path: Path, file: Iterator[str], needed: Sequence[str], bad: Callable[[int, str], None]) -> Iterator[Line]:
    first = True
    for number, text in enumerate(file, start=1):
        try:
            told = json.loads(text)
            cells = {str(name).lower(): str(value).strip() for name, value in told.items() if value is not None}
        except (ValueError, AttributeError, RecursionError):
            bad(number, "it is no JSON object")
            continue
        if first:
            _must_have(path, list(cells), needed)
            first = False
        lost = [name for name in needed if name not in cells]
        if lost:
            bad(number, f"it has no {lost[0]}")
        else:
            yield Line(number, cells)


def _must_have(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    lost = [name for name in needed if name not in names]
    if lost:
        raise BadTrainingData(f"{path} has no column {lost[0]!r}; it has {', '.join(names)[:300] or 'none'}.")


def side_of(key: str) -> str:
    """`train` or `dev` of a set without splits: a tenth is kept for measuring, by hash, so that it never changes."""
    return "dev" if hashlib.sha256(key.encode("utf-8", "replace")).digest()[0] < 26 else "train"
