"""Processes that train together go on from the mean of their weights, and end together."""

from pathlib import Path

import pytest
import torch
from torch import nn

from classify.errors import BadTrainingData
from classify.train import together


def _work(group: together.Group, out: Path) -> None:
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.weight.fill_(float(group.rank))
        network.bias.fill_(4.0)
    steps = 0
    # The second process believes that it was done from the start: the first one's clock counts.
    while not group.over(network, steps, steps / 60 if group.rank == 0 else 1.0):
        steps += 1
    group.wait()
    torch.save((steps, network.weight.detach(), network.bias.detach()), out / f"{group.rank}.pt")


def _failing(group: together.Group) -> None:
    raise ValueError(f"no data for {group.rank}")


@pytest.mark.slow
def test_two_processes_agree_and_end_together(tmp_path: Path) -> None:
    together.run(_work, 2, tmp_path, tmp_path)
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert [steps for steps, *_ in found] == [100, 100]
    for _, weight, bias in found:
        assert weight.tolist() == [[0.5, 0.5]]
        assert bias.tolist() == [4.0]
    assert not (tmp_path / together.MEETING).exists()


@pytest.mark.slow
def test_what_fails_in_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="no data for"):
        together.run(_failing, 2, tmp_path)


def test_one_process_alone_stops_when_it_is_done() -> None:
    group = together.Group()
    network = nn.Linear(1, 1)
    group.wait()
    assert not group.over(network, 0, 0.99)
    assert group.over(network, 3, 1.0)
