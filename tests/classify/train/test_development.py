"""A run is watched on rows that it does not learn from: the best weights are kept, and it stops when no better come."""

from pathlib import Path

import pytest
import torch

from classify.model import Network, Shape
from classify.train import development
from classify.train.development import BEST, Figures, Watch, by_set
from classify.train.rows import Row
from tests.classify.conftest import SHAPE, tiny_tokenizer

NAN = float("nan")


def row(text: str, hate: float, reading: str = "") -> Row:
    signals = (NAN, NAN, NAN, hate, NAN, NAN, NAN, NAN)
    answer, about = (hate, 3) if reading else (NAN, -1)
    return Row(text, signals, (NAN,) * 4, -1, (NAN,) * 8, 1.0, reading or "set", "1", reading, answer, about)


def network(readings: int = 1) -> Network:
    torch.manual_seed(2)
    return Network(Shape(**SHAPE)._replace(readings=readings))


def marked(of: Network, value: float) -> Network:
    with torch.no_grad():
        of.signals.bias.fill_(value)
    return of


def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *found: float) -> Watch:
    told = iter(found)
    monkeypatch.setattr(development, "by_set", lambda *_, **__: {"set": Figures(9, 0.5, next(told))})
    return Watch(tmp_path, [], [], every=10, patience=2)


def test_it_stops_when_so_many_looks_found_nothing_better_and_gives_back_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, of, tokenizer = watched(tmp_path, monkeypatch, 0.3, 0.5, 0.4, 0.45, 0.2), network(), tiny_tokenizer()
    said = [watch.enough(step, marked(of, step), tokenizer) for step in (0, 5, 10, 20, 25, 30)]
    assert said == [False, False, False, False, False, True]
    watch.restore(marked(of, 99.0), tokenizer)
    assert of.signals.bias.unique().tolist() == [10.0]
    assert not (tmp_path / BEST).exists()


def test_a_run_that_goes_on_remembers_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched(tmp_path, monkeypatch, 0.5).enough(0, marked(network(), 1.0), tiny_tokenizer())
    later, of = watched(tmp_path, monkeypatch, 0.4), network()
    later.restore(marked(of, 2.0), tiny_tokenizer())
    assert of.signals.bias.unique().tolist() == [1.0]


def test_nobody_looks_where_nobody_asked(tmp_path: Path) -> None:
    watch = Watch(tmp_path, [], [], every=0, patience=0)
    assert not any(watch.enough(step, network(), tiny_tokenizer()) for step in range(3))
    watch.restore(network(), tiny_tokenizer())
    assert list(tmp_path.iterdir()) == []


def test_a_set_is_read_by_its_own_reading_and_by_the_shared_head_where_there_is_none() -> None:
    of = network()
    with torch.no_grad():
        for head, answer in ((of.readings, 1.0), (of.signals, -1.0)):
            head.weight.zero_()
            head.bias.fill_(answer)
    told = [row("burn the rats", 1.0), row("rain", 0.0), row("burn", 1.0, "own"), row("rain", 0.0, "own")]
    read = by_set(of, tiny_tokenizer(), ["own"], told, fewest=2)
    assert read["own"].macro_f1 == pytest.approx(1 / 3)  # all said to be hate
    assert read["set"].macro_f1 == pytest.approx(1 / 3)  # none
    assert by_set(of, tiny_tokenizer(), ["own"], told) == {}  # too few rows
    unknown = by_set(of, tiny_tokenizer(), ["another"], told[2:], fewest=2)
    assert unknown["own"].rows == 2
