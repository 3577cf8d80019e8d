"""What a training step costs: the layer that learns against the one that ships, two processes against two threads.

Steps of 64 texts of 36 tokens on a body of twelve layers of 384 (that of multilingual-e5-small), random weights and
labels: none of that changes the price. Prints the processor seconds of a step with either layer, in turns so that a
noisy machine is fair to both; then texts a second by the clock of one process with two threads and of two with one.

Run: python bench/training.py [STEPS]
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch

from classify import model
from classify.model import Network, Shape
from classify.train import batches, layer, rows
from classify.train.masked import Guess
from classify.train.run import Optimizers, TrainOptions, _optimizers, _step

Clock = Callable[[], float]
SHAPE = Shape(vocabulary=45_000, layers=12)
TEXTS, TOKENS = 64, 36
OPTIONS = TrainOptions(Path(), Path(), dropout=0.0)


def main() -> None:
    """Measure both pairs."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    torch.set_num_threads(1)
    ships, learns = _ready(model.Layer), _ready(layer.Layer)
    spent = {"ships": 0.0, "learns": 0.0}
    for _ in range(steps):
        for name, (network, optimizers) in (("ships", ships), ("learns", learns)):
            spent[name] += _timed(network, optimizers, 1, time.process_time)
    each = {name: seconds / steps for name, seconds in spent.items()}
    print(f"the layer that ships\t{each['ships']:.2f} processor seconds a step")
    print(f"the layer that learns\t{each['learns']:.2f}\tratio {each['learns'] / each['ships']:.2f}")
    alone = TEXTS * steps / _several(1, 2, steps)
    both = 2 * TEXTS * steps / _several(2, 1, steps)
    print(f"one process, two threads\t{alone:.0f} texts a second")
    print(f"two processes, one thread each\t{both:.0f}\tratio {both / alone:.2f}")


def _ready(kind: type[model.Layer]) -> tuple[Network, Optimizers]:
    torch.manual_seed(1)
    network = Network(SHAPE, 0.0, kind).train()
    optimizers = _optimizers(network, OPTIONS, Guess(SHAPE.hidden))
    _timed(network, optimizers, 2, time.process_time)
    return network, optimizers


def _timed(network: Network, optimizers: Optimizers, steps: int, clock: Clock = time.perf_counter) -> float:
    row = rows.Row("", (1.0,) * 8, (1.0,) * 4, 0, (0.0,) * 8, 1.0, "")
    draw = torch.randint(5, SHAPE.vocabulary, (steps, TEXTS, TOKENS)).tolist()
    seen = [batches.collate([row] * TEXTS, ids) for ids in draw]
    began = clock()
    for batch in seen:
        _step(network, optimizers, batch, OPTIONS)
    return clock() - began


def _several(processes: int, threads: int, steps: int) -> float:
    """Seconds by the clock in which each of some processes makes so many steps."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return max(pool.map(_member, [threads] * processes, [steps] * processes))


def _member(threads: int, steps: int) -> float:
    torch.set_num_threads(threads)
    return _timed(*_ready(layer.Layer), steps)


if __name__ == "__main__":
    main()
