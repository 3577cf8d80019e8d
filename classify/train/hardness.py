"""How badly a finished model reads each template of ours, so that the next training sees more of what it misreads.

Most templates have been read right for several releases, and a step on them teaches next to nothing; drawing examples
by their loss instead (hard example mining; Katharopoulos and Fleuret 2018) spends the same hours on the others. Only
our own texts are drawn so: their labels are known by construction, where in a public set the worst read rows are often
the mislabelled ones.

Run as `python -m classify.train.hardness LINEUP OUT [MODEL]` (the bundled one where none is told): writes OUT, which
`hardness` of a training run names.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from classify.calibration import sigmoid, softmax
from classify.checkpoint import BUNDLED
from classify.scorer import Floats, Scores
from classify.train import authored
from classify.train.lineup import LINEUPS
from classify.train.rows import Row

LEAST, MOST = 0.3, 3.0  # times an even draw: nothing is forgotten, and no mislabelled line takes over
TEXTS = 1  # of each template, and as many more where it has no signal
_EDGE = 1e-6


def template_of(row: Row) -> str:
    """The template behind one of our rows; of a text in a wrapper, the wrapper's."""
    return row.key.split("+")[0]


def losses(said: Scores, rows: Sequence[Row]) -> Floats:
    """(rows,): the log loss of signals, stages and stance together, each label that is known."""
    signals = _binary(sigmoid(said.signals), np.array([row.signals for row in rows]))
    stage = _binary(sigmoid(said.stage), np.array([row.stage for row in rows]))
    chance = softmax(said.stance)[np.arange(len(rows)), [max(row.stance, 0) for row in rows]]
    stance = np.where([row.stance >= 0 for row in rows], -np.log(np.maximum(chance, _EDGE)), 0.0)
    return np.asarray(signals + 0.5 * stage + 0.5 * stance)


def _binary(chance: Floats, labels: Floats) -> Floats:
    right = np.clip(np.where(labels == 1, chance, 1 - chance), _EDGE, 1.0)
    return np.asarray(np.where(np.isnan(labels), 0.0, -np.log(right)).sum(axis=1))


def by_template(said: Scores, rows: Sequence[Row]) -> dict[str, float]:
    """The mean loss of each template."""
    found: dict[str, list[float]] = defaultdict(list)
    for row, loss in zip(rows, losses(said, rows).tolist(), strict=True):
        found[template_of(row)].append(loss)
    return {name: round(float(np.mean(of)), 4) for name, of in found.items()}


def drawn(rows: Sequence[Row], told: Mapping[str, float], seed: int) -> list[Row]:
    """As many rows, about, as there are, each as often as its template's loss says beside the mean of them all.

    A template that nobody asked the model about is drawn as often as the hardest. Rows drawn twice stand twice.
    """
    mean = float(np.mean([told[name] for name in map(template_of, rows) if name in told] or [1.0]))
    times = [min(max(told.get(template_of(row), MOST * mean) / max(mean, _EDGE), LEAST), MOST) for row in rows]
    scale = len(rows) / max(sum(times), _EDGE)
    draw = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    return [row for row, often in zip(rows, times, strict=True) for _ in range(int(often * scale + draw.random()))]


def read(file: Path) -> dict[str, float]:
    """What `python -m classify.train.hardness` wrote."""
    return {name: float(loss) for name, loss in json.loads(file.read_text(encoding="utf-8")).items()}


def _asked(model: Path, languages: Iterable[str]) -> dict[str, float]:
    from classify.engines import load
    from classify.settings import ClassifySettings

    scorer = load(ClassifySettings(model=str(model), explain=False, threads=0))
    found: dict[str, float] = {}
    for language in languages:
        texts = authored.rows("train", seed=1, per_core=TEXTS, per_wrapper=2 * TEXTS, languages=(language,))
        found |= by_template(scorer.score([row.text for row in texts]), texts)
    return found


def main() -> None:
    """Read the command line, and ask the model about a text or two of every template that it may be trained on."""
    name, out = sys.argv[1], Path(sys.argv[2])
    told = _asked(Path(sys.argv[3]) if len(sys.argv) > 3 else BUNDLED, LINEUPS[name].languages)
    out.write_text(json.dumps(told, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
