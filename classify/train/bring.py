"""Bring a set that cannot be bundled, or your reviews: `python -m classify.train.bring NAME FILE... --data FOLDER`.

Rows are mapped to the shared form under FOLDER/train and FOLDER/evaluate, and `tocsin train --data FOLDER` uses them.
A file's sha256 is checked against what is known of it, else against what its first import recorded. A bad row is named
with its line and skipped. Rows of a test split are left out: whoever measures on them must not have trained on them.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from classify.errors import BadTrainingData, ClassifyError
from classify.train.formats import AFRIHATE_LANGUAGES, FORMATS, BadRow, Format, Line, lines_of, reviewed, side_of
from classify.train.lineup import Dataset, Lineup

RECORD = "imported.json"
REVIEWS = "reviews"
REVIEWED_PASSES = 3.0  # few rows, and of the very sources that are watched
SHOWN = 20  # bad rows that are named; the rest is counted
# Hashes of public releases, where one is known with certainty. None is today: the first import records what it saw.
KNOWN: Mapping[str, frozenset[str]] = {}
_DEV = frozenset({"dev", "val", "valid", "validation"})


@dataclass
class Outcome:
    """What one import did."""

    name: str
    train: list[dict[str, Any]] = field(default_factory=list)
    dev: list[dict[str, Any]] = field(default_factory=list)
    tested: int = 0
    unclear: int = 0
    twice: int = 0
    bad: list[tuple[str, int, str]] = field(default_factory=list)


def bring(
    name: str, files: Iterable[Path], data: Path, *, language: str | None = None, expected: str | None = None
) -> Outcome:
    """Import the files of one set; nothing is written unless all of them can be used. Raises BadTrainingData."""
    form = FORMATS[name]
    files = list(files)
    spoken = language or form.language or _language_of(files)
    called = name if form.language else f"{name}_{spoken.lower().replace('-', '_')}"
    record = _record(data)
    hashes = {path.name: _checked(path, called, record, expected) for path in files}
    outcome = Outcome(called)
    seen: set[str] = set()
    for path in files:
        _take(path, form, spoken, outcome, seen)
    rows = len(outcome.train) + len(outcome.dev)
    if not rows or len(outcome.bad) > rows:
        first = f"; line {outcome.bad[0][1]}: {outcome.bad[0][2]}" if outcome.bad else ""
        raise BadTrainingData(f"{len(outcome.bad)} bad rows and {rows} good ones: is this really {name}?{first}")
    _write(data / "train" / f"{called}.jsonl.gz", outcome.train)
    _write(data / "evaluate" / f"{called}.jsonl.gz", outcome.dev)
    known = record.get(called, {}).get("files", {})
    weight = 0.3 if called == "afrihate_sw" else form.weight
    record[called] = {
        "files": known | hashes,
        "languages": [spoken],
        "licence": form.licence,
        "passes": form.passes,
        "weight": weight,
        "replaces": form.replaces,
        "rows": {"train": len(outcome.train), "dev": len(outcome.dev)},
    }
    (data / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return outcome


def bring_reviews(files: Iterable[Path], data: Path) -> Outcome:
    """Import what people decided (`GET /v1/export/training`), in place of an earlier import. Raises BadTrainingData.

    The rows have the form of the training sets already, in any language, with the stance and the stage that people let
    stand. Their split is kept: copies of one text stand on one side.
    """
    outcome = Outcome(REVIEWS)
    for path in files:
        if not path.is_file():
            raise BadTrainingData(f"{path} does not exist.")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = reviewed(line)
            except BadRow as why:
                outcome.bad.append((path.name, number, str(why)))
                continue
            (outcome.dev if row["split"] == "dev" else outcome.train).append(row)
    rows = outcome.train + outcome.dev
    if not rows:
        raise BadTrainingData("The files hold no reviewed text; take them from GET /v1/export/training.")
    _write(data / "train" / f"{REVIEWS}.jsonl.gz", outcome.train)
    _write(data / "evaluate" / f"{REVIEWS}.jsonl.gz", outcome.dev)
    record = _record(data)
    record[REVIEWS] = {
        "files": {},  # it grows with every review
        "languages": sorted({row["lang"] for row in rows}),
        "licence": "the operator's own",
        "passes": REVIEWED_PASSES,
        "weight": 1.0,
        "replaces": None,
        "rows": {"train": len(outcome.train), "dev": len(outcome.dev)},
    }
    (data / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return outcome


def with_imported(lineup: Lineup, folder: Path) -> Lineup:
    """The line-up with what was imported into the folder, beside or instead of its own sets; it judges their languages.

    A language that nobody judged before is measured on the imported set's development rows.
    """
    record = _record(folder)
    sets = _sets(lineup.datasets, record)
    judged = {tag for tags in lineup.judges.values() for tag in tags}
    new = {language for told in record.values() for language in told["languages"]} - judged
    return replace(lineup, datasets=sets, judges=lineup.judges | {code: frozenset({code}) for code in sorted(new)})


def _sets(sets: Mapping[str, Dataset], record: Mapping[str, Any]) -> dict[str, Dataset]:
    replaced = {told["replaces"] for told in record.values()}
    kept = {name: use for name, use in sets.items() if name not in replaced}
    return kept | {
        name: Dataset(frozenset(told["languages"]), told["passes"], told["licence"], told["weight"])
        for name, told in record.items()
    }


def _take(path: Path, form: Format, language: str, outcome: Outcome, seen: set[str]) -> None:
    lines = lines_of(path, form.columns, lambda number, why: outcome.bad.append((path.name, number, why)))
    for line in form.gather(lines) if form.gather else lines:
        try:
            made = form.read(line.cells, language)
        except BadRow as why:
            if str(why):
                outcome.bad.append((path.name, line.number, str(why)))
            else:
                outcome.unclear += 1
            continue
        _sort(made, path, line, language, outcome, seen)


def _sort(made: dict[str, Any], path: Path, line: Line, language: str, outcome: Outcome, seen: set[str]) -> None:
    """Put a row where its split says, by the file's name where the set splits by files, else by hash; twins go."""
    key = hashlib.sha256(" ".join(made["text"].split()).casefold().encode()).hexdigest()
    if key in seen:
        outcome.twice += 1
        return
    seen.add(key)
    split = made.pop("split", "") or _split_named(path) or side_of(key)
    if split == "test":
        outcome.tested += 1
        return
    side = outcome.dev if split in _DEV else outcome.train
    same = {"id": f"{outcome.name}-{path.stem}-{line.number}", "dataset": outcome.name, "lang": language}
    side.append(same | {"split": "dev" if side is outcome.dev else "train"} | made)


def _split_named(path: Path) -> str:
    stem = path.stem.lower()
    return stem if stem in _DEV | {"train", "test"} else ""


def _language_of(files: list[Path]) -> str:
    """The language of an AfriHate file, from its folder or name, as in `data/amh/train.tsv`."""
    for path in files:
        for part in (path.parent.name, *path.stem.split("_")):
            if part in AFRIHATE_LANGUAGES:
                return AFRIHATE_LANGUAGES[part]
    raise BadTrainingData(
        "Say the language with --language: nothing in the path names it (as data/amh/train.tsv does)."
    )


def _checked(path: Path, name: str, record: Mapping[str, Any], expected: str | None) -> str:
    """The file's sha256. Raises BadTrainingData when it is not the one that is known, expected or recorded."""
    if not path.is_file():
        raise BadTrainingData(f"{path} does not exist.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    before = record.get(name, {}).get("files", {}).get(path.name)
    right = {expected} if expected else KNOWN.get(name) or ({before} if before else {found})
    if found not in right:
        why = "stated" if expected else "published" if name in KNOWN else f"of the first import (see {RECORD})"
        raise BadTrainingData(f"{path} has sha256 {found}, not the one {why}: {' or '.join(sorted(right))}.")
    return found


def _record(data: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((data / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadTrainingData(f"{data / RECORD} cannot be read: {error}.") from error
    return told


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    # No time and no name in the header: the same rows give the same bytes, which the model's record hashes.
    with part.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        packed.writelines((json.dumps(row, ensure_ascii=False) + "\n").encode() for row in rows)
    part.replace(path)


@click.command()
@click.argument("name", type=click.Choice(sorted([*FORMATS, REVIEWS])))
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the rows.")
@click.option("--language", default=None, help="Language of the rows, where neither set nor path says it.")
@click.option("--sha256", "expected", default=None, help="What the file must hash to.")
def main(name: str, files: tuple[Path, ...], data: Path, language: str | None, expected: str | None) -> None:
    """Map a public set's own files, or your exported reviews, to the rows that `tocsin train --data` reads."""
    try:
        if name == REVIEWS:
            outcome = bring_reviews(files, data)
        else:
            outcome = bring(name, files, data, language=language, expected=expected)
    except ClassifyError as error:
        raise click.ClickException(str(error)) from error
    for file, number, why in outcome.bad[:SHOWN]:
        click.echo(f"{file}, line {number}: {why}; skipped", err=True)
    if len(outcome.bad) > SHOWN:
        click.echo(f"and {len(outcome.bad) - SHOWN} more bad rows", err=True)
    click.echo(
        f"{outcome.name}: {len(outcome.train)} rows to train on, {len(outcome.dev)} to measure on; left out: "
        f"{outcome.tested} of the test split, {outcome.unclear} ambiguous, {outcome.twice} twice, "
        f"{len(outcome.bad)} bad"
    )


if __name__ == "__main__":
    main()
