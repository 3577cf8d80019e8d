"""Labelled rows from a file in the shared form: JSON Lines, plain or gzip. Knows no model.

`labels` holds 1 and 0; what is absent is unknown.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classify.errors import BadTrainingData


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row to measure on; `hateful` is whether it should be flagged, None where the set does not say."""

    text: str
    labels: dict[str, int]
    language: str | None = None
    hateful: bool | None = None
    functionality: str | None = None
    target: str | None = None
    stance: str | None = None
    stage: int | None = None


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one `.jsonl` or `.jsonl.gz` file. Raises BadTrainingData with file and line."""
    if not path.exists():
        raise BadTrainingData(f"{path} does not exist; check --data.")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BadTrainingData(f"{path}, line {number} is not JSON: {error}.") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise BadTrainingData(f"{path}, line {number} has no `text`.")
            yield row


def labelled(path: Path) -> Iterator[Labelled]:
    """The rows as what should be said of them; news marked `stance: reports` should never be flagged."""
    for row in read(path):
        labels: dict[str, int] = row.get("labels") or {}
        yield Labelled(
            text=row["text"],
            labels=labels,
            language=row.get("lang") or row.get("language"),
            hateful=_hateful(row, labels),
            functionality=row.get("functionality"),
            target=row.get("target") if row.get("functionality") else None,
            stance=row.get("stance"),
            stage=row.get("stage"),
        )


def _hateful(row: dict[str, Any], labels: dict[str, int]) -> bool | None:
    if row.get("stance") in {"reports", "condemns", "reclaims"}:
        return False
    if any(value == 1 for value in labels.values()):
        return True
    return False if labels.get("hate_speech") == 0 or (labels and len(labels) == 1) else None
