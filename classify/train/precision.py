"""In which numbers a network learns and is asked: bf16 where the hardware multiplies it, else full precision.

Where it does not, torch imitates it: a step of twelve layers then takes four times what it takes in full precision.
"""

import torch

from classify import processor


def native(device: str) -> bool:
    """Whether a device (`cpu`, `cuda`) multiplies bf16 by itself."""
    return processor.bf16() if device == "cpu" else torch.cuda.is_bf16_supported(including_emulation=False)


def autocast(device: str, wanted: bool = True) -> torch.autocast:
    """A context in bf16 where it is wanted and the device multiplies it."""
    return torch.autocast(device, torch.bfloat16, enabled=wanted and native(device))
