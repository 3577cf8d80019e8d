"""Several processes of one thread each that train one network (local SGD, Stich 2019).

Each takes its own batches; every so many steps all go on from the mean of their weights. Two such processes saw 1.6
times the texts of one process with two threads on two free cores, because little of a small network's step can be
shared out; on cores that other work shares they saw fewer, since each waits for the slower (`bench/training.py`).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import ProcessRaisedException, spawn

from classify.errors import BadTrainingData

AGREE_EVERY = 50  # steps
MEETING = "meeting"  # the file by which the processes find one another


@dataclass(frozen=True, slots=True)
class Group:
    """A process's place among those that train together."""

    rank: int = 0
    size: int = 1

    def over(self, network: nn.Module, step: int, done: float) -> bool:
        """Whether the run ends before this step; the mean of the weights is taken when it is due.

        The first process's clock counts for all, or one would wait for ever.
        """
        if self.size == 1:
            return done >= 1.0
        if step % AGREE_EVERY:
            return False
        agree(network, self.size)
        told = torch.tensor(done)
        distributed.broadcast(told, 0)
        return float(told) >= 1.0

    def wait(self) -> None:
        """Until the others are here too."""
        if self.size > 1:
            distributed.barrier()


@torch.no_grad()
def agree(network: nn.Module, size: int) -> None:
    """Give every process the mean of all their weights."""
    weights = [p for p in network.parameters() if p.requires_grad]
    whole = torch.cat([p.reshape(-1) for p in weights])
    distributed.all_reduce(whole)
    means = torch.split(whole / size, [p.numel() for p in weights])
    for weight, mean in zip(weights, means, strict=True):
        weight.copy_(mean.view_as(weight))


def run(work: Callable[..., Any], size: int, out: Path, *told: Any) -> None:
    """`work(group, *told)` in that many processes, until all have ended. Raises BadTrainingData when one fails."""
    (out / MEETING).unlink(missing_ok=True)
    try:
        spawn(_member, (work, size, out / MEETING, told), nprocs=size)  # type: ignore[no-untyped-call]
    except ProcessRaisedException as error:
        reason = str(error).strip().splitlines()[-1]
        raise BadTrainingData(f"One of {size} training processes failed, and the others ended: {reason}") from error
    finally:
        (out / MEETING).unlink(missing_ok=True)


def _member(rank: int, work: Callable[..., Any], size: int, meeting: Path, told: tuple[Any, ...]) -> None:
    os.putenv("GLOO_SOCKET_IFNAME", "lo")  # the processes meet on this machine alone, whatever name it goes by
    distributed.init_process_group("gloo", init_method=meeting.absolute().as_uri(), rank=rank, world_size=size)
    distributed.barrier()  # all have met, so that who fails now fails by itself
    try:
        work(Group(rank, size), *told)
    finally:
        distributed.destroy_process_group()
