"""A levelled base's pooled values have a mean of nought and a spread of one, and say no less."""

import torch

from classify.model import Network, Shape
from classify.train.level import level
from tests.classify.conftest import SHAPE
from tests.classify.train.test_frozen import batch


def test_pooled_values_are_levelled() -> None:
    torch.manual_seed(1)
    network = Network(Shape(**SHAPE), dropout=0.0)
    seen = [batch(number) for number in range(9)]
    before = torch.cat([network.pooled(of.ids, of.mask) for of in seen])
    level(network, seen)
    after = torch.cat([network.pooled(of.ids, of.mask) for of in seen])
    torch.testing.assert_close(after.mean(0), torch.zeros(after.shape[1]), atol=1e-4, rtol=0.0)
    torch.testing.assert_close(after.std(0), torch.ones(after.shape[1]), atol=1e-3, rtol=0.0)
    torch.testing.assert_close(after, (before - before.mean(0)) / before.std(0), atol=1e-3, rtol=1e-3)
