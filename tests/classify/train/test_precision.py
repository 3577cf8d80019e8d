"""bf16 is for hardware that multiplies it, and for runs that want it."""

import pytest
import torch

from classify import processor
from classify.train import precision


@pytest.mark.parametrize(("has", "wanted", "then"), [(True, True, True), (True, False, False), (False, True, False)])
def test_bf16_where_it_is_multiplied(has: bool, wanted: bool, then: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "bf16", lambda: has)
    with precision.autocast("cpu", wanted):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if then else torch.float32)
