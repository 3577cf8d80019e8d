"""The layer that learns says what the layer that ships says, and learns the same from it."""

import pytest
import torch

from classify.model import Network, Shape
from classify.train import layer
from tests.classify.conftest import SHAPE

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 7, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


@pytest.fixture
def both() -> tuple[Network, Network]:
    torch.manual_seed(1)
    shape = Shape(**SHAPE | {"layers": 2})
    ships, learns = Network(shape, dropout=0.0), Network(shape, 0.0, layer.Layer)
    learns.load_state_dict(ships.state_dict())
    return ships, learns


def test_in_full_precision_nothing_differs(both: tuple[Network, Network]) -> None:
    ships, learns = both
    for network in both:
        network(IDS, MASK).signals.square().sum().backward()
    torch.testing.assert_close(learns(IDS, MASK).signals, ships(IDS, MASK).signals)
    for wanted, found in zip(ships.layers.parameters(), learns.layers.parameters(), strict=True):
        torch.testing.assert_close(found.grad, wanted.grad, atol=1e-5, rtol=1e-4)


def test_in_half_precision_little_does(both: tuple[Network, Network]) -> None:
    ships, learns = both
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(
            learns(IDS, MASK).signals.float(), ships(IDS, MASK).signals.float(), atol=0.03, rtol=0.03
        )
        assert learns.tokens(IDS, MASK).dtype == torch.bfloat16
        assert learns.pooled(IDS, MASK).dtype == torch.float32


def test_padding_is_not_seen(both: tuple[Network, Network]) -> None:
    _, learns = both
    alone = learns(IDS[1:, :3], MASK[1:, :3]).signals
    torch.testing.assert_close(learns(IDS, MASK).signals[1:], alone)


def test_a_share_of_the_values_is_dropped_while_it_learns(both: tuple[Network, Network]) -> None:
    _, learns = both
    learns.train()
    for part in learns.layers:
        part.dropout = 0.5
    assert not torch.equal(learns(IDS, MASK).signals, learns(IDS, MASK).signals)
